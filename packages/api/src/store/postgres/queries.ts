/**
 * Queries that differ from the SQLite adapter's: they do in one round trip what SQLite does with
 * several statements.
 */

import { MAX_PAGE_LENGTH } from '../page.ts'
import { POSTGRES } from './dialect.ts'

const ASSETS = `SELECT a.asset_id, a.type, a.timestamp_ms, a.first_received_ms,
    a.last_received_ms, o.payload
  FROM telemetry.assets a
  JOIN telemetry.observations o
    ON o.tenant = a.tenant AND o.seq = a.latest_seq AND o.timestamp_ms = a.timestamp_ms
  WHERE a.tenant = (SELECT tenant FROM telemetry.tenants WHERE org_id = $1 AND environment = $2)
    AND a.asset_id = ANY ($3::text[])
  ORDER BY a.asset_id`

/** Limited to a page. $3: asset_ids. */
export const ASSETS_BY_ID = POSTGRES.bounded(ASSETS, {
  columns: 'asset_id, type, timestamp_ms, first_received_ms, last_received_ms, payload',
  long: 'payload',
  order: 'asset_id',
  maxLength: MAX_PAGE_LENGTH,
})

/** $1: numbers of assets. */
export const NAMES = 'SELECT asset, asset_id FROM telemetry.assets WHERE asset = ANY ($1::bigint[])'

const WEEK_MS = 7 * 86_400_000

/** The newest value of `keys.key` that matches the condition on time. */
function newestWhere(time: string): string {
  return `(SELECT key, timestamp_ms, sequence, seq, item, number, json, unit, source, quality
    FROM telemetry.metrics m
    WHERE m.tenant = keys.tenant AND m.asset = keys.asset AND m.key = keys.key AND ${time}
    ORDER BY timestamp_ms DESC, sequence DESC, seq DESC, item DESC LIMIT 1)`
}

/**
 * Most keys have a value in the week before the latest report. The second part, which searches all
 * earlier weeks, runs only for keys that the first does not find. $3: asset_id, $4: number of keys,
 * $5: return keys after this one.
 */
const LATEST = `WITH target AS MATERIALIZED (
    SELECT t.tenant, a.asset, a.timestamp_ms - ${WEEK_MS} AS week_ms
    FROM telemetry.tenants t JOIN telemetry.assets a USING (tenant)
    WHERE t.org_id = $1 AND t.environment = $2 AND a.asset_id = $3
  )
  SELECT latest.* FROM telemetry.metric_keys AS keys,
  LATERAL (
    SELECT * FROM (
      ${newestWhere('m.timestamp_ms >= (SELECT week_ms FROM target)')}
      UNION ALL
      ${newestWhere('m.timestamp_ms < (SELECT week_ms FROM target)')}
    ) AS parts LIMIT 1
  ) AS latest
  WHERE keys.tenant = (SELECT tenant FROM target) AND keys.asset = (SELECT asset FROM target)
    AND keys.key > $5
  ORDER BY keys.key LIMIT $4`

/** Limited to a page. */
export const LATEST_METRICS = POSTGRES.bounded(LATEST, {
  columns: 'key, timestamp_ms, sequence, seq, item, number, json, unit, source, quality',
  long: 'json',
  order: 'key',
  maxLength: MAX_PAGE_LENGTH,
})
