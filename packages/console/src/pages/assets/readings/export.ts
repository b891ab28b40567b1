/** Writes what an asset reported within a period as CSV, page by page, as `miot assets export`. */

import { type Cell, csvLine } from '@modulariot/platform/csv-line'
import { Refusal } from '../../../api/refusal.ts'
import type { Here } from '../../../state/session.ts'
import {
  type AssetEvent,
  type MetricRow,
  type PositionRow,
  pathOf,
  ROWS,
  telemetry,
} from './queries.ts'

export const EXPORTED = ['positions', 'metrics', 'events'] as const
export type Exported = (typeof EXPORTED)[number]

type Row = Readonly<Record<string, unknown>>

const COLUMNS: Readonly<Record<Exported, readonly string[]>> = {
  positions: [
    ...['asset_id', 'timestamp', 'latitude', 'longitude'],
    ...['altitude', 'speed', 'heading', 'accuracy', 'satellites'],
  ],
  metrics: [
    ...['asset_id', 'key', 'timestamp', 'seq'],
    ...['number', 'json', 'unit', 'source', 'quality'],
  ],
  events: ['asset_id', 'timestamp', 'event_type', 'severity', 'json'],
}

export interface ExportRequest {
  readonly asset_id: string
  readonly data: Exported
  readonly from: string
  readonly to: string
  /** Of the metrics. */
  readonly keys: readonly string[]
  readonly signal: AbortSignal
  readonly onRows: (rows: number) => void
}

/** @throws Refusal; the reason of the signal when it was aborted. */
export async function exportCsv(here: Here, request: ExportRequest): Promise<Blob> {
  const { data, asset_id, from, to, keys, signal, onRows } = request
  const parts = [csvLine(COLUMNS[data])]
  let count = 0
  for (const key of data === 'metrics' ? keys : [undefined]) {
    let cursor: string | null = null
    do {
      signal.throwIfAborted()
      const query = { key, from, to, order: 'asc', limit: ROWS, cursor }
      const page: Row = await patiently(
        () => telemetry<Row>(here, `${pathOf(asset_id)}/${data}`, query),
        signal,
      )
      const rows = page[data] as readonly Row[]
      parts.push(rows.map((row) => csvLine(cellsOf(data, asset_id, row))).join(''))
      count += rows.length
      onRows(count)
      cursor = page.next_cursor as string | null
    } while (cursor !== null)
  }
  return new Blob(parts, { type: 'text/csv' })
}

export function cellsOf(data: Exported, asset_id: string, row: Row): readonly Cell[] {
  if (data === 'metrics') {
    const { value, ...metric } = row as unknown as MetricRow
    const isNumber = typeof value === 'number'
    const cells = { ...metric, number: isNumber ? value : null, json: isNumber ? null : value }
    return cellsBy(COLUMNS.metrics, { ...cells, asset_id, json: textOf(cells.json) })
  }
  if (data === 'events') {
    const event = row as unknown as AssetEvent
    return cellsBy(COLUMNS.events, { ...event, asset_id, json: JSON.stringify(event) })
  }
  return cellsBy(COLUMNS.positions, { ...(row as unknown as PositionRow), asset_id })
}

const textOf = (value: unknown): string | null => (value === null ? null : JSON.stringify(value))

function cellsBy(names: readonly string[], row: Row): readonly Cell[] {
  return names.map((name) => (row[name] ?? null) as Cell)
}

/** Waits where the server says that it was asked too much. */
async function patiently<Value>(read: () => Promise<Value>, signal: AbortSignal): Promise<Value> {
  for (;;) {
    try {
      return await read()
    } catch (error) {
      if (!(error instanceof Refusal) || error.status !== 429) throw error
      const seconds = error.retryAfterSeconds ?? 1
      await new Promise((resolve) => setTimeout(resolve, seconds * 1000))
      signal.throwIfAborted()
    }
  }
}
