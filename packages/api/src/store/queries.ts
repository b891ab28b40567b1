/**
 * Questions that both adapters ask in the same words. Their tables have the same columns.
 *
 * `$1` and `$2` are the tenant, `$3` the asset where there is one. Every `WHERE` begins with the tenant, as
 * every index does, and goes on along an index: nothing is scanned or sorted.
 */

import { MAX_FEED_LENGTH, MAX_PAGE_LENGTH } from './page.ts'
import { PLACE_LENGTHS } from './store.ts'

type Schema = '' | 'telemetry.'

/** Of the tables as they are called here; `schema` with its dot goes before each. */
export function queriesOf(schema: Schema) {
  const text = (query: string): string => query.replace(TABLE, `$1 ${schema}$2`)
  const list = (one: List) => ({
    oldest: text(listQuery(one, 'oldest', schema)),
    newest: text(listQuery(one, 'newest', schema)),
  })
  return {
    findAsset: text(FIND_ASSET),
    assetNames: text(ASSET_NAMES),
    nextKey: text(NEXT_KEY),
    feed: schema === '' ? text(FEED) : bounded(text(FEED), FEED_BOUND),
    lastSeq: text(LAST_SEQ),
    retention: text(RETENTION),
    /** Parameters after the list's own: the place, from_ms, to_ms, limit. */
    lists: {
      positions: list(POSITIONS),
      metrics: list(METRICS),
      numbers: list({ ...METRICS, columns: 'timestamp_ms, sequence, seq, item, number, quality' }),
      events: list(EVENTS),
      eventsOfAsset: list({
        ...EVENTS,
        where: OF_ASSET,
        parameters: 3,
        index: 'events_of_asset',
      }),
      eventsOfType: list({
        ...EVENTS,
        where: `${OF_TENANT} AND event_type = $3`,
        parameters: 3,
        index: 'events_of_type',
      }),
    },
  }
}

export type ListName = keyof ReturnType<typeof queriesOf>['lists']

/** How many numbers the rows of a list are ordered by. */
export const LIST_LENGTHS: Readonly<Record<ListName, number>> = {
  positions: PLACE_LENGTHS.positions,
  metrics: PLACE_LENGTHS.metrics,
  numbers: PLACE_LENGTHS.metrics,
  events: PLACE_LENGTHS.events,
  eventsOfAsset: PLACE_LENGTHS.events,
  eventsOfType: PLACE_LENGTHS.events,
}

const TABLE = /\b(FROM|JOIN) (tenants|assets|observations|positions|metrics|events|retention)\b/g

const TENANT = '(SELECT tenant FROM tenants WHERE org_id = $1 AND environment = $2)'
const ASSET = `(SELECT asset FROM assets WHERE tenant = ${TENANT} AND asset_id = $3)`
const OF_TENANT = `tenant = ${TENANT}`
export const OF_ASSET = `${OF_TENANT} AND asset = ${ASSET}`

/** $3: asset_id. */
const FIND_ASSET = `SELECT a.asset_id, a.type, a.timestamp_ms, a.first_received_ms,
    a.last_received_ms, o.payload
  FROM assets a
  JOIN observations o
    ON o.tenant = a.tenant AND o.seq = a.latest_seq AND o.timestamp_ms = a.timestamp_ms
  WHERE a.tenant = ${TENANT} AND a.asset_id = $3`

/** What a search looks at. $3: return assets after this asset_id, $4: limit. */
const ASSET_NAMES = `SELECT asset_id, type FROM assets
  WHERE ${OF_TENANT} AND asset_id > $3 ORDER BY asset_id LIMIT $4`

/** $3: asset_id, $4: return keys after this key. */
const NEXT_KEY = `SELECT min(key) AS key FROM metrics WHERE ${OF_ASSET} AND key > $4`

/** $3: return reports after this seq, $4: limit. */
const FEED = `SELECT o.seq AS cursor, a.asset_id, o.timestamp_ms, o.received_ms, o.payload
  FROM observations o JOIN assets a ON a.asset = o.asset
  WHERE o.tenant = ${TENANT} AND o.seq > $3 ORDER BY o.seq LIMIT $4`

const LAST_SEQ = 'SELECT last_seq FROM tenants WHERE org_id = $1 AND environment = $2'

/** $1: org_id. */
const RETENTION = 'SELECT days FROM retention WHERE org_id = $1'

/** What a list is: where it looks and by what it is ordered. */
interface List {
  readonly columns: string
  /** Where `columns` computes some. */
  readonly names?: string
  readonly from: string
  /** Of the first columns of an index. */
  readonly where: string
  /** How many parameters `where` has, the tenant's two among them. */
  readonly parameters: number
  /** The rest of that index. */
  readonly order: readonly string[]
  /** Its name, where it is not the primary key. */
  readonly index?: string
  /** The column that may be long, where there is one. */
  readonly long?: string
}

const POSITIONS: List = {
  columns: 'timestamp_ms, seq, latitude, longitude, altitude, speed, heading, accuracy, satellites',
  from: 'positions',
  where: OF_ASSET,
  parameters: 3,
  order: ['timestamp_ms', 'seq'],
}

const METRICS: List = {
  columns: 'key, timestamp_ms, sequence, seq, item, number, json, unit, source, quality',
  from: 'metrics',
  where: `${OF_ASSET} AND key = $4`,
  parameters: 4,
  order: ['timestamp_ms', 'sequence', 'seq', 'item'],
  long: 'json',
}

const EVENTS: List = {
  columns: `timestamp_ms, seq, item, event_type, severity, payload,
    (SELECT asset_id FROM assets a WHERE a.asset = e.asset) AS asset_id`,
  names: 'timestamp_ms, seq, item, event_type, severity, payload, asset_id',
  from: 'events e',
  where: OF_TENANT,
  parameters: 2,
  order: ['timestamp_ms', 'seq', 'item'],
  long: 'payload',
}

const DIRECTIONS = {
  oldest: { after: '>', order: 'ASC' },
  newest: { after: '<', order: 'DESC' },
} as const

function listQuery(list: List, direction: keyof typeof DIRECTIONS, schema: Schema): string {
  const { after, order } = DIRECTIONS[direction]
  const place = list.order.map((_, index) => `$${list.parameters + 1 + index}`)
  const next = list.parameters + place.length
  const period = {
    oldest: `timestamp_ms < $${next + 2}`,
    newest: `timestamp_ms >= $${next + 1}`,
    both: `timestamp_ms >= $${next + 1} AND timestamp_ms < $${next + 2}`,
  }
  // PostgreSQL finds partitions by the times alone; SQLite, told of them, would not begin at the place.
  const within = period[schema === '' ? direction : 'both']
  // SQLite would rather take the index by time alone, and read what others have.
  const index = schema === '' && list.index !== undefined ? ` INDEXED BY ${list.index}` : ''
  const ordered = list.order.map((column) => `${column} ${order}`).join(', ')
  const all = `SELECT ${list.columns} FROM ${list.from}${index}
    WHERE ${list.where} AND (${list.order.join(', ')}) ${after} (${place.join(', ')}) AND ${within}
    ORDER BY ${ordered} LIMIT $${next + 3}`
  if (schema === '' || list.long === undefined) return all
  const columns = list.names ?? list.columns
  return bounded(all, { columns, long: list.long, order: ordered, maxLength: MAX_PAGE_LENGTH })
}

interface Bound {
  /** What the question gives, column by column. */
  readonly columns: string
  /** The column that may be long. */
  readonly long: string
  readonly order: string
  readonly maxLength: number
}

const FEED_BOUND: Bound = {
  columns: 'cursor, asset_id, timestamp_ms, received_ms, payload',
  long: 'payload',
  order: 'cursor',
  maxLength: MAX_FEED_LENGTH,
}

/**
 * The first rows of a question, up to the one that reaches `maxLength`: SQLite is read row by row and left
 * when there is enough, PostgreSQL would send all it was asked for.
 */
export function bounded(question: string, { columns, long, order, maxLength }: Bound): string {
  return `SELECT ${columns} FROM (
      SELECT page.*, coalesce(sum(octet_length(${long})) OVER (
        ORDER BY ${order} ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS before
      FROM (${question}) AS page
    ) AS page
    WHERE before < ${maxLength} ORDER BY ${order}`
}
