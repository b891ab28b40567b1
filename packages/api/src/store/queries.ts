/**
 * Questions that both adapters ask, each in the dialect of its database. Their tables have the same
 * columns.
 *
 * The first two parameters are the tenant, the third the asset where there is one. Every `WHERE`
 * begins with the tenant, as every index does, and goes on along an index: nothing is scanned or
 * sorted.
 */

import { MAX_FEED_LENGTH, MAX_PAGE_LENGTH } from './page.ts'
import { PLACE_LENGTHS } from './store.ts'

/** How a database wants to be asked. */
export interface Dialect {
  /** Goes before the name of a table. */
  readonly schema: string
  /** The parameter of this number, from 1. */
  parameter(number: number): string
  /** The number of rows, given by the parameter of this number. */
  limit(number: number): string
  /** Goes after the table of a question that is answered along this index. */
  along(index: string): string
  /** Whether a list that begins at a place is told both ends of its period. */
  readonly needsWholePeriod: boolean
  /**
   * The rows of a question up to the one that reaches `maxLength`, where the adapter cannot stop
   * reading by itself.
   */
  bounded(question: string, bound: Bound): string
}

export interface Bound {
  /** What the question gives, column by column. */
  readonly columns: string
  /** The column that may be long. */
  readonly long: string
  readonly order: string
  readonly maxLength: number
}

export function queriesOf(dialect: Dialect) {
  const { schema, parameter: $, limit } = dialect
  const ofTenant = ofTenantIn(dialect)
  const ofAsset = ofAssetIn(dialect)
  return {
    /** 3: asset_id. */
    findAsset: `SELECT a.asset_id, a.type, a.timestamp_ms, a.first_received_ms,
        a.last_received_ms, o.payload
      FROM ${schema}assets a
      JOIN ${schema}observations o
        ON o.tenant = a.tenant AND o.seq = a.latest_seq AND o.timestamp_ms = a.timestamp_ms
      WHERE a.tenant = ${tenantIn(dialect)} AND a.asset_id = ${$(3)}`,
    /** What a search looks at. 3: return assets after this asset_id, 4: limit. */
    assetNames: `SELECT asset_id, type FROM ${schema}assets
      WHERE ${ofTenant} AND asset_id > ${$(3)} ORDER BY asset_id ${limit(4)}`,
    /** 3: asset_id, 4: return keys after this key. */
    nextKey: `SELECT min(key) AS key FROM ${schema}metrics WHERE ${ofAsset} AND key > ${$(4)}`,
    feed: feedQuery(dialect),
    lastSeq: `SELECT last_seq FROM ${schema}tenants WHERE org_id = ${$(1)} AND environment = ${$(2)}`,
    /** 1: org_id. */
    retention: `SELECT days FROM ${schema}retention WHERE org_id = ${$(1)}`,
    lists: listsOf(dialect),
  }
}

/** 3: return reports after this seq, 4: limit. */
function feedQuery(dialect: Dialect): string {
  const { schema, parameter: $, limit } = dialect
  return dialect.bounded(
    `SELECT o.seq AS cursor, a.asset_id, o.timestamp_ms, o.received_ms, o.payload
    FROM ${schema}observations o JOIN ${schema}assets a ON a.asset = o.asset
    WHERE o.tenant = ${tenantIn(dialect)} AND o.seq > ${$(3)} ORDER BY o.seq ${limit(4)}`,
    {
      columns: 'cursor, asset_id, timestamp_ms, received_ms, payload',
      long: 'payload',
      order: 'cursor',
      maxLength: MAX_FEED_LENGTH,
    },
  )
}

/** Parameters after the list's own: the place, from_ms, to_ms, limit. */
function listsOf(dialect: Dialect) {
  const { schema, parameter: $ } = dialect
  const ofTenant = ofTenantIn(dialect)
  const ofAsset = ofAssetIn(dialect)
  const metrics: List = {
    columns: 'key, timestamp_ms, sequence, seq, item, number, json, unit, source, quality',
    from: `${schema}metrics`,
    where: `${ofAsset} AND key = ${$(4)}`,
    parameters: 4,
    order: ['timestamp_ms', 'sequence', 'seq', 'item'],
    long: 'json',
  }
  const events: List = {
    columns: `timestamp_ms, seq, item, event_type, severity, payload,
      (SELECT asset_id FROM ${schema}assets a WHERE a.asset = e.asset) AS asset_id`,
    names: 'timestamp_ms, seq, item, event_type, severity, payload, asset_id',
    from: `${schema}events e`,
    where: ofTenant,
    parameters: 2,
    order: ['timestamp_ms', 'seq', 'item'],
    long: 'payload',
  }
  const list = (one: List) => ({
    oldest: listQuery(one, 'oldest', dialect),
    newest: listQuery(one, 'newest', dialect),
  })
  return {
    positions: list({
      columns:
        'timestamp_ms, seq, latitude, longitude, altitude, speed, heading, accuracy, satellites',
      from: `${schema}positions`,
      where: ofAsset,
      parameters: 3,
      order: ['timestamp_ms', 'seq'],
    }),
    metrics: list(metrics),
    numbers: list({ ...metrics, columns: 'timestamp_ms, sequence, seq, item, number, quality' }),
    events: list(events),
    eventsOfAsset: list({ ...events, where: ofAsset, parameters: 3, index: 'events_of_asset' }),
    eventsOfType: list({
      ...events,
      where: `${ofTenant} AND event_type = ${$(3)}`,
      parameters: 3,
      index: 'events_of_type',
    }),
  }
}

export type ListName = keyof ReturnType<typeof listsOf>

/** How many numbers the rows of a list are ordered by. */
export const LIST_LENGTHS: Readonly<Record<ListName, number>> = {
  positions: PLACE_LENGTHS.positions,
  metrics: PLACE_LENGTHS.metrics,
  numbers: PLACE_LENGTHS.metrics,
  events: PLACE_LENGTHS.events,
  eventsOfAsset: PLACE_LENGTHS.events,
  eventsOfType: PLACE_LENGTHS.events,
}

function tenantIn({ schema, parameter: $ }: Dialect): string {
  return `(SELECT tenant FROM ${schema}tenants WHERE org_id = ${$(1)} AND environment = ${$(2)})`
}

function ofTenantIn(dialect: Dialect): string {
  return `tenant = ${tenantIn(dialect)}`
}

/** Rows of one asset. 3: asset_id. */
export function ofAssetIn(dialect: Dialect): string {
  const { schema, parameter: $ } = dialect
  const asset = `(SELECT asset FROM ${schema}assets WHERE ${ofTenantIn(dialect)} AND asset_id = ${$(3)})`
  return `${ofTenantIn(dialect)} AND asset = ${asset}`
}

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

const DIRECTIONS = {
  oldest: { after: '>', order: 'ASC' },
  newest: { after: '<', order: 'DESC' },
} as const

function listQuery(list: List, direction: keyof typeof DIRECTIONS, dialect: Dialect): string {
  const { after, order } = DIRECTIONS[direction]
  const { parameter: $ } = dialect
  const place = list.order.map((_, index) => $(list.parameters + 1 + index))
  const next = list.parameters + place.length
  const from = `timestamp_ms >= ${$(next + 1)}`
  const to = `timestamp_ms < ${$(next + 2)}`
  // The place bounds the other end.
  const oneEnd = direction === 'oldest' ? to : from
  const within = dialect.needsWholePeriod ? `${from} AND ${to}` : oneEnd
  const along = list.index === undefined ? '' : dialect.along(list.index)
  const ordered = list.order.map((column) => `${column} ${order}`).join(', ')
  const all = `SELECT ${list.columns} FROM ${list.from}${along}
    WHERE ${list.where} AND (${list.order.join(', ')}) ${after} (${place.join(', ')}) AND ${within}
    ORDER BY ${ordered} ${dialect.limit(next + 3)}`
  if (list.long === undefined) return all
  const columns = list.names ?? list.columns
  return dialect.bounded(all, {
    columns,
    long: list.long,
    order: ordered,
    maxLength: MAX_PAGE_LENGTH,
  })
}
