/** Converts measurements to rows of the table `metrics`, and back. */

import type { Measurement } from './store.ts'

/** The `sequence` of values sent without one. */
const UNNUMBERED = -1

/** The columns after `tenant, asset`, in the order of the table. */
export type MeasurementColumns = [
  key: string,
  timestamp_ms: number,
  sequence: number,
  seq: number,
  item: number,
  ...measured: MeasuredColumns,
]

/**
 * The rows of an observation. With a `sequence`, a row is identified by a fingerprint of its value,
 * so that the same envelope sent again yields the same rows. Rows with the same key and time keep
 * the order of the envelope.
 *
 * @param seq the number of the observation.
 */
export function measurementRows(
  measurements: readonly Measurement[],
  seq: number,
): MeasurementColumns[] {
  const before = new Map<string, number>()
  return measurements.map((one, item) => {
    const { key, timestamp_ms, sequence } = one
    const measured = measuredColumns(one)
    if (sequence === null) return [key, timestamp_ms, UNNUMBERED, seq, item, ...measured]
    const name = `${timestamp_ms} ${key}`
    const repeat = before.get(name) ?? 0
    before.set(name, repeat + 1)
    return [key, timestamp_ms, sequence, 0, repeat * REPEAT + fingerprint(measured), ...measured]
  })
}

/** In the `item` of a value with a `sequence`: its place among those with the same key and time. */
const REPEAT = 2 ** 31

/**
 * What the `item` of a row is computed from, beside its value: with a `sequence` its place among
 * the values of the envelope with the same key and time, else the item itself.
 *
 * @returns null if it was not computed so.
 */
export function repeatOf(row: MeasurementRow): number | null {
  if (row.sequence === UNNUMBERED) return row.item
  const repeat = Math.floor(row.item / REPEAT)
  return numberedItem(row, repeat) === row.item ? repeat : null
}

/** The `item` of a row. @param repeat what `repeatOf` returns for it. */
export function numberedItem(row: MeasurementRow, repeat: number): number {
  if (row.sequence === UNNUMBERED) return repeat
  const { number, json, unit, source, quality } = row
  return repeat * REPEAT + fingerprint([number, json, unit, source, quality])
}

type MeasuredColumns = readonly [
  number: number | null,
  json: string | null,
  unit: string | null,
  source: string | null,
  quality: string | null,
]

function measuredColumns({ value, unit, source, quality }: Measurement): MeasuredColumns {
  const [number, json] = valueColumns(value)
  return [number, json, unit, source ?? null, quality ?? null]
}

/**
 * 31 bits of FNV-1a. It only has to distinguish values with the same key, time and `sequence`:
 * equal values are the same row, and different ones collide once in two billion.
 */
function fingerprint([number, json, unit, source, quality]: MeasuredColumns): number {
  const text = `${number} ${source} ${quality} ${json} ${unit}`
  let hash = 0x811c9dc5
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  }
  return hash >>> 1
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
  readonly source: Exclude<Measurement['source'], undefined>
  readonly quality: Exclude<Measurement['quality'], undefined>
}

/** Bytes of the column that may be long. */
export const jsonLength = ({ json }: Pick<MeasurementRow, 'json'>): number =>
  json === null ? 0 : Buffer.byteLength(json)

export function measurementFromRow(row: MeasurementRow): Measurement {
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

/** A number as is; a boolean as 0 or 1 with its JSON; any other value as JSON only. */
function valueColumns(value: unknown): [number: number | null, json: string | null] {
  if (typeof value === 'number' && Number.isFinite(value)) return [value, null]
  if (typeof value === 'boolean') return [value ? 1 : 0, String(value)]
  return [null, JSON.stringify(value) ?? 'null']
}

/** Values of these qualities are excluded from aggregates. */
const NO_VALUE: ReadonlySet<string> = new Set(['invalid', 'missing'])

export function counts(row: { number: number | null; quality: string | null }): boolean {
  return row.number !== null && (row.quality === null || !NO_VALUE.has(row.quality))
}
