/**
 * The rows that a report is split into, as parameters of prepared statements, built before the
 * measurement.
 */

import { type AssetTrackingData, parseAssetTrackingData } from '@modulariot/telemetry'
import { observationOf } from '../../packages/api/src/ingest/read-report.ts'
import { measurementRows } from '../../packages/api/src/store/measurement.ts'
import { dayOf } from '../../packages/api/src/store/request-day.ts'
import { digestOf, requestHash } from '../../packages/api/src/store/request-hash.ts'

export type Row = (string | number | null | Uint8Array)[]

/** In the order of the columns of each table. */
export interface Rows {
  readonly observations: Row[]
  readonly requests: Row[]
  readonly positions: Row[]
  readonly metrics: Row[]
}

export type TableName = keyof Rows

const TENANT = 1
const SENDER = {
  org_id: 'org_0123456789abcdefghijkl',
  environment: 'development',
  client_id: 'client_0123456789abcdefghijkl',
} as const

/** A report, and the number of its asset. */
export interface Numbered {
  readonly report: AssetTrackingData
  readonly asset: number
}

/** @param seq the number of the first; the others follow. */
export function rowsOf(reports: readonly Numbered[], seq: number, request_id: string): Rows {
  const rows: Rows = { observations: [], requests: [], positions: [], metrics: [] }
  for (const [item, { report, asset }] of reports.entries()) {
    const origin = { ...SENDER, request_id, item, received_ms: Date.now() }
    const parsed = parseAssetTrackingData(report, { nowMs: origin.received_ms })
    if (!parsed.ok) throw new TypeError(JSON.stringify(parsed.errors))
    const one = observationOf(parsed.report, origin, JSON.stringify(report))
    const place = seq + item
    const { timestamp_ms, received_ms, payload } = one
    rows.observations.push([TENANT, place, asset, timestamp_ms, received_ms, payload])
    rows.requests.push([TENANT, requestHash(one), asset, digestOf(one), dayOf(received_ms)])
    if (one.position !== null) {
      const { latitude, longitude, altitude, speed, heading, accuracy, satellites } = one.position
      const fix = [latitude, longitude, altitude, speed, heading, accuracy, satellites]
      rows.positions.push([TENANT, asset, one.timestamp_ms, place, ...fix])
    }
    for (const columns of measurementRows(one.metrics, place)) {
      rows.metrics.push([TENANT, asset, ...columns])
    }
  }
  return rows
}
