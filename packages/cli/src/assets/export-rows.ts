/** What an export holds: the columns of each kind of data, and its rows as the API returns them. */

import type { EventReading, MetricReading, Position } from '@modulariot/sdk'

export type ColumnType = 'text' | 'number' | 'integer' | 'time'

export interface Column {
  readonly name: string
  readonly type: ColumnType
}

/** In the order of the columns. A time is ISO 8601. */
export type ExportRow = readonly (string | number | null)[]

export interface RowWriter {
  write(row: ExportRow): void
  /** Writes what is left. The file is whole, and on the disk, when this resolves. */
  finish(): Promise<void>
}

export const EXPORTED = ['positions', 'metrics', 'events'] as const
export type Exported = (typeof EXPORTED)[number]

const text = (name: string): Column => ({ name, type: 'text' })
const number = (name: string): Column => ({ name, type: 'number' })
const time = (name: string): Column => ({ name, type: 'time' })

export const COLUMNS: Readonly<Record<Exported, readonly Column[]>> = {
  positions: [
    ...[text('asset_id'), time('timestamp'), number('latitude'), number('longitude')],
    ...[number('altitude'), number('speed'), number('heading'), number('accuracy')],
    number('satellites'),
  ],
  metrics: [
    ...[text('asset_id'), text('key'), time('timestamp'), { name: 'seq', type: 'integer' }],
    // A number in `number`; every other value as JSON in `json`.
    ...[number('number'), text('json'), text('unit'), text('source'), text('quality')],
  ] as const,
  events: [
    ...[text('asset_id'), time('timestamp'), text('event_type'), text('severity')],
    // The event as it was sent.
    text('json'),
  ],
}

export function positionRow(asset_id: string, one: Position): ExportRow {
  const { timestamp, latitude, longitude, altitude, speed, heading, accuracy, satellites } = one
  return [
    ...[asset_id, timestamp, latitude, longitude],
    ...[altitude, speed, heading, accuracy, satellites],
  ]
}

export function metricRow(asset_id: string, one: MetricReading): ExportRow {
  const { key, timestamp, seq, value, unit, source, quality } = one
  const parts = typeof value === 'number' ? [value, null] : [null, JSON.stringify(value)]
  return [asset_id, key, timestamp, seq, ...parts, unit, source, quality]
}

export function eventRow(one: EventReading): ExportRow {
  const { asset_id, timestamp, event_type, severity = null } = one
  return [asset_id, timestamp, event_type, severity, JSON.stringify(one)]
}
