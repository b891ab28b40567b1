/** A measurement as a row of the table `metrics`, and back. */

import type { Measurement } from './store.ts'

/** Where a device sent no `sequence`. */
const UNNUMBERED = -1

/** The columns behind `tenant, asset`, in the order of the table. */
export type MeasurementColumns = [
  key: string,
  timestamp_ms: number,
  sequence: number,
  seq: number,
  item: number,
  number: number | null,
  json: string | null,
  unit: string | null,
  source: string | null,
  quality: string | null,
]

/**
 * The values of an observation. Where the device numbers, those of a key and a moment are counted from 0: the
 * same envelope sent again gives the same rows, and two sensors that answer to one key are two values.
 *
 * @param seq of the observation.
 */
export function measurementRows(
  measurements: readonly Measurement[],
  seq: number,
): MeasurementColumns[] {
  const before = new Map<string, number>()
  return measurements.map((one, item) => {
    if (one.sequence === null) return columnsOf(one, [UNNUMBERED, seq, item])
    const name = `${one.timestamp_ms} ${one.key}`
    const repeat = before.get(name) ?? 0
    before.set(name, repeat + 1)
    return columnsOf(one, [one.sequence, 0, repeat])
  })
}

function columnsOf(
  { key, timestamp_ms, value, unit, source, quality }: Measurement,
  identity: readonly [sequence: number, seq: number, item: number],
): MeasurementColumns {
  const [number, json] = valueColumns(value)
  return [key, timestamp_ms, ...identity, number, json, unit, source ?? null, quality ?? null]
}

export interface MeasurementRow {
  readonly key: string
  readonly timestamp_ms: number
  readonly sequence: number
  readonly seq: number
  readonly item: number
  readonly number: number | null
  readonly json: string | null
  readonly unit: string | null
  readonly source: Measurement['source']
  readonly quality: Measurement['quality']
}

/** Characters of what may be long in it. */
export const jsonLength = ({ json }: Pick<MeasurementRow, 'json'>): number =>
  json === null ? 0 : Buffer.byteLength(json)

export function measurementOf(row: MeasurementRow): Measurement {
  return {
    key: row.key,
    timestamp_ms: row.timestamp_ms,
    sequence: row.sequence === UNNUMBERED ? null : row.sequence,
    value: row.json === null ? row.number : JSON.parse(row.json),
    unit: row.unit,
    source: row.source,
    quality: row.quality,
  }
}

/** A number as such, a boolean as 0 or 1 beside its JSON, everything else as JSON alone. */
function valueColumns(value: unknown): [number: number | null, json: string | null] {
  if (typeof value === 'number' && Number.isFinite(value)) return [value, null]
  if (typeof value === 'boolean') return [value ? 1 : 0, String(value)]
  return [null, JSON.stringify(value) ?? 'null']
}

/** Values of these qualities are none: they do not count where numbers are put together. */
const NO_VALUE: ReadonlySet<string> = new Set(['invalid', 'missing'])

export function counts(row: { number: number | null; quality: string | null }): boolean {
  return row.number !== null && (row.quality === null || !NO_VALUE.has(row.quality))
}
