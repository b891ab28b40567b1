/**
 * The two kinds of series: the values of a key, and the positions of an asset. Young rows of a
 * series have a table of their own, old ones are in chunks (ADR 63), which both kinds share.
 */

import {
  jsonLength,
  type MeasurementRow,
  measurementFromRow,
  numberedItem,
  repeatOf,
} from '../measurement.ts'
import type { Fix, Measurement, Position, RowKey } from '../store.ts'
import { ColumnReader, ColumnWriter } from './columns.ts'

/**
 * What rows of a series are ordered and identified by. A position has 0 for the second and last.
 */
export type SeriesKey = readonly [timestamp_ms: number, sequence: number, seq: number, item: number]

export interface SeriesKind<Row, Value> {
  readonly table: 'positions' | 'metrics'
  keyOf(row: Row): SeriesKey
  /** The row key of the port, and back. */
  rowKeyOf(key: SeriesKey): RowKey
  keyFrom(rowKey: RowKey): SeriesKey
  valueOf(row: Row): Value
  /** Bytes of the member that may be long. */
  lengthOf(row: Row): number
  encode(rows: readonly Row[]): Uint8Array
  /** @param series the key of the values; '' for positions. */
  decode(data: Uint8Array, series: string): Row[]
}

export type PositionRow = Position & { readonly seq: number }

const FIX_COLUMNS = [
  'latitude',
  'longitude',
  'altitude',
  'speed',
  'heading',
  'accuracy',
  'satellites',
] as const satisfies readonly (keyof Fix)[]

export const POSITIONS: SeriesKind<PositionRow, Position> = {
  table: 'positions',
  keyOf: ({ timestamp_ms, seq }) => [timestamp_ms, 0, seq, 0],
  rowKeyOf: ([timestamp_ms, , seq]) => [timestamp_ms, seq],
  keyFrom: ([timestamp_ms, seq]) => [timestamp_ms as number, 0, seq as number, 0],
  valueOf: ({ seq, ...position }) => position,
  lengthOf: () => 0,
  encode(rows) {
    const writer = new ColumnWriter()
    writer.count(rows.length)
    writer.integers(rows.map(({ timestamp_ms }) => timestamp_ms))
    writer.integers(rows.map(({ seq }) => seq))
    for (const name of FIX_COLUMNS) writer.optionalNumbers(rows.map((row) => row[name]))
    return writer.done()
  },
  decode(data) {
    const reader = new ColumnReader(data)
    const length = reader.count()
    const times = reader.integers(length)
    const seqs = reader.integers(length)
    const columns = FIX_COLUMNS.map(() => reader.optionalNumbers(length))
    return times.map((timestamp_ms, index) => {
      const fix = FIX_COLUMNS.map((name, column) => [name, columns[column]?.[index]])
      return { timestamp_ms, seq: seqs[index], ...Object.fromEntries(fix) } as PositionRow
    })
  },
}

export const VALUES: SeriesKind<MeasurementRow, Measurement> = {
  table: 'metrics',
  keyOf: ({ timestamp_ms, sequence, seq, item }) => [timestamp_ms, sequence, seq, item],
  rowKeyOf: (key) => key,
  keyFrom: (rowKey) => rowKey as SeriesKey,
  valueOf: measurementFromRow,
  lengthOf: jsonLength,
  encode(rows) {
    const writer = new ColumnWriter()
    writer.count(rows.length)
    writer.integers(rows.map(({ timestamp_ms }) => timestamp_ms))
    writer.integers(rows.map(({ sequence }) => sequence))
    writer.integers(rows.map(({ seq }) => seq))
    writer.optionalNumbers(rows.map(({ number }) => number))
    writer.texts(rows.map(({ json }) => json))
    writer.texts(rows.map(({ unit }) => unit))
    writer.texts(rows.map(({ source }) => source))
    writer.texts(rows.map(({ quality }) => quality))
    // A hash of the value takes as many bytes as the value, and can be computed again.
    const repeats = rows.map(repeatOf)
    const computable = repeats.every((repeat) => repeat !== null)
    writer.count(computable ? 1 : 0)
    writer.integers(computable ? repeats : rows.map(({ item }) => item))
    return writer.done()
  },
  decode(data, key) {
    const reader = new ColumnReader(data)
    const length = reader.count()
    const times = reader.integers(length)
    const sequences = reader.integers(length)
    const seqs = reader.integers(length)
    const numbers = reader.optionalNumbers(length)
    const jsons = reader.texts(length)
    const units = reader.texts(length)
    const sources = reader.texts(length)
    const qualities = reader.texts(length)
    const computable = reader.count() === 1
    const items = reader.integers(length)
    return times.map((timestamp_ms, index) => {
      const row = {
        key,
        timestamp_ms,
        sequence: sequences[index] as number,
        seq: seqs[index] as number,
        item: items[index] as number,
        number: numbers[index] as number | null,
        json: jsons[index] as string | null,
        unit: units[index] as string | null,
        source: sources[index] as MeasurementRow['source'],
        quality: qualities[index] as MeasurementRow['quality'],
      }
      if (computable) row.item = numberedItem(row, row.item)
      return row
    })
  },
}

export function compareKeys(one: SeriesKey, other: SeriesKey): number {
  for (let index = 0; index < one.length; index++) {
    const difference = (one[index] as number) - (other[index] as number)
    if (difference !== 0) return difference
  }
  return 0
}
