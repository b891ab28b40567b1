/**
 * Questions that both adapters ask in the same words. Their tables have the same columns.
 *
 * `$1` and `$2` are the tenant, `$3` the asset where there is one. Every `WHERE` begins with the tenant, as
 * every index does, and goes on along an index: nothing is scanned or sorted.
 */

import type { Bounds } from './place.ts'

type Direction = Bounds['direction']

const TENANT = '(SELECT tenant FROM tenants WHERE org_id = $1 AND environment = $2)'
const ASSET = `(SELECT asset FROM assets WHERE tenant = ${TENANT} AND asset_id = $3)`

const STATE = `a.asset_id, a.type, a.timestamp_ms, a.first_received_ms, a.last_received_ms, o.payload
  FROM assets a
  JOIN observations o ON o.tenant = a.tenant AND o.seq = a.latest_seq AND o.timestamp_ms = a.timestamp_ms`

/** $3: asset_id. */
export const FIND_ASSET = `SELECT ${STATE} WHERE a.tenant = ${TENANT} AND a.asset_id = $3`

/** What a search looks at. $3: asset_id to go on behind, $4: limit. */
export const ASSET_NAMES = `SELECT asset_id, type FROM assets
  WHERE tenant = ${TENANT} AND asset_id > $3 ORDER BY asset_id LIMIT $4`

/** $3: asset_id. */
export const NEXT_KEY = `SELECT min(key) AS key FROM metrics
  WHERE tenant = ${TENANT} AND asset = ${ASSET} AND key > $4`

/** $3: seq to go on behind, $4: limit. */
export const FEED = `SELECT o.seq AS cursor, a.asset_id, o.timestamp_ms, o.received_ms, o.payload
  FROM observations o JOIN assets a ON a.asset = o.asset
  WHERE o.tenant = ${TENANT} AND o.seq > $3 ORDER BY o.seq LIMIT $4`

export const LAST_SEQ = `SELECT last_seq FROM tenants WHERE org_id = $1 AND environment = $2`

/** What a list is: where it looks and by what it is ordered. */
interface List {
  readonly columns: string
  readonly from: string
  /** Of the first columns of an index. */
  readonly where: string
  /** How many parameters `where` has, the tenant's two among them. */
  readonly parameters: number
  /** The rest of that index. */
  readonly order: readonly string[]
}

const POSITIONS: List = {
  columns: 'timestamp_ms, seq, latitude, longitude, altitude, speed, heading, accuracy, satellites',
  from: 'positions',
  where: `tenant = ${TENANT} AND asset = ${ASSET}`,
  parameters: 3,
  order: ['timestamp_ms', 'seq'],
}

const METRIC_ORDER = ['timestamp_ms', 'sequence', 'seq', 'item']

const METRICS: List = {
  columns: 'key, timestamp_ms, sequence, seq, item, number, json, unit, source, quality',
  from: 'metrics',
  where: `tenant = ${TENANT} AND asset = ${ASSET} AND key = $4`,
  parameters: 4,
  order: METRIC_ORDER,
}

const NUMBERS: List = { ...METRICS, columns: 'timestamp_ms, sequence, seq, item, number, quality' }

const EVENT_COLUMNS = `e.timestamp_ms, e.seq, e.item, e.event_type, e.severity, e.payload,
  (SELECT asset_id FROM assets a WHERE a.asset = e.asset) AS asset_id`
const EVENT_ORDER = ['timestamp_ms', 'seq', 'item']

const EVENTS: List = {
  columns: EVENT_COLUMNS,
  from: 'events e',
  where: `tenant = ${TENANT}`,
  parameters: 2,
  order: EVENT_ORDER,
}

const EVENTS_OF_ASSET: List = {
  ...EVENTS,
  where: `tenant = ${TENANT} AND asset = ${ASSET}`,
  parameters: 3,
}

const EVENTS_OF_TYPE: List = {
  ...EVENTS,
  where: `tenant = ${TENANT} AND event_type = $3`,
  parameters: 3,
}

/** Parameters behind the list's own: the place, from_ms, to_ms, limit. */
export const LISTS = {
  positions: listQueries(POSITIONS),
  metrics: listQueries(METRICS),
  numbers: listQueries(NUMBERS),
  events: listQueries(EVENTS),
  eventsOfAsset: listQueries(EVENTS_OF_ASSET),
  eventsOfType: listQueries(EVENTS_OF_TYPE),
}

function listQueries(list: List): Readonly<Record<Direction, string>> {
  return { oldest: listQuery(list, '>', 'ASC'), newest: listQuery(list, '<', 'DESC') }
}

function listQuery(list: List, behind: '>' | '<', order: 'ASC' | 'DESC'): string {
  const place = list.order.map((_, index) => `$${list.parameters + 1 + index}`)
  const next = list.parameters + place.length
  // The times stand there once more for a planner that finds partitions by them.
  return `SELECT ${list.columns} FROM ${list.from}
    WHERE ${list.where} AND (${list.order.join(', ')}) ${behind} (${place.join(', ')})
      AND timestamp_ms >= $${next + 1} AND timestamp_ms < $${next + 2}
    ORDER BY ${list.order.map((column) => `${column} ${order}`).join(', ')} LIMIT $${next + 3}`
}
