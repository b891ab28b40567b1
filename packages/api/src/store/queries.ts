/**
 * The SQL queries that both adapters share, built for the dialect of each. Their tables have the
 * same columns.
 *
 * The first two parameters are the tenant, the third is the asset, if any. Every `WHERE` starts
 * with the tenant, as every index does, and follows an index, so no query scans or sorts a table.
 */

import { MAX_FEED_LENGTH, MAX_PAGE_LENGTH } from './page.ts'
import { ROW_KEY_LENGTHS, type Tenant } from './store.ts'

/** The differences between the SQL of the databases. */
export interface Dialect {
  /** Prefix of table names. */
  readonly schema: string
  /** The parameter with this number, from 1. */
  parameter(number: number): string
  /** A LIMIT clause whose value is the parameter with this number. */
  limit(number: number): string
  /** Hint after the table name to use this index. */
  useIndex(index: string): string
  /** Whether a list that starts at a row key needs both ends of its period. */
  readonly needsWholePeriod: boolean
  /**
   * The query cut after the row that reaches `maxLength`, for a database whose client cannot stop
   * reading early.
   */
  bounded(query: string, bound: Bound): string
}

export interface Bound {
  /** The columns of the result. */
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
    /** The names that a search scans. 3: return assets after this asset_id, 4: limit. */
    assetNames: `SELECT asset_id, type FROM ${schema}assets
      WHERE ${ofTenant} AND asset_id > ${$(3)} ORDER BY asset_id ${limit(4)}`,
    /** 3: asset_id, 4: return keys after this key. */
    nextKey: `SELECT min(key) AS key FROM ${schema}metrics WHERE ${ofAsset} AND key > ${$(4)}`,
    feed: feedQuery(dialect),
    /** 3: return the block that ends after this seq. */
    nextBlock: `SELECT until_seq, reports, head, payloads FROM ${schema}report_blocks
      WHERE ${ofTenant} AND until_seq > ${$(3)} ORDER BY until_seq LIMIT 1`,
    /** The same without its payloads. */
    nextHead: `SELECT until_seq, reports, head FROM ${schema}report_blocks
      WHERE ${ofTenant} AND until_seq > ${$(3)} ORDER BY until_seq LIMIT 1`,
    lastSeq: `SELECT last_seq FROM ${schema}tenants WHERE org_id = ${$(1)} AND environment = ${$(2)}`,
    /** 1: org_id. */
    retention: `SELECT days FROM ${schema}retention WHERE org_id = ${$(1)}`,
    lists: listsOf(dialect),
  }
}

/**
 * 3: return reports after this seq, 4: limit. `next_block` is null when none of them is in a block:
 * the same statement sees both.
 */
function feedQuery(dialect: Dialect): string {
  const { schema, parameter: $, limit } = dialect
  return dialect.bounded(
    `SELECT o.seq AS cursor, a.asset_id, o.timestamp_ms, o.received_ms, o.payload,
      (SELECT until_seq FROM ${schema}report_blocks
       WHERE tenant = ${tenantIn(dialect)} AND until_seq > ${$(3)} ORDER BY until_seq LIMIT 1)
       AS next_block
    FROM ${schema}observations o JOIN ${schema}assets a ON a.asset = o.asset
    WHERE o.tenant = ${tenantIn(dialect)} AND o.seq > ${$(3)} ORDER BY o.seq ${limit(4)}`,
    {
      columns: 'cursor, asset_id, timestamp_ms, received_ms, payload, next_block',
      long: 'payload',
      order: 'cursor',
      maxLength: MAX_FEED_LENGTH,
    },
  )
}

/** Parameters after those of `where`: the row key, from_ms, to_ms, limit. */
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
    // Without what may be long.
    numbers: list({
      ...metrics,
      columns: `key, timestamp_ms, sequence, seq, item, number, quality, NULL AS json,
        NULL AS unit, NULL AS source`,
    }),
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

/** The number of key columns of each list. */
export const LIST_LENGTHS: Readonly<Record<ListName, number>> = {
  positions: ROW_KEY_LENGTHS.positions,
  metrics: ROW_KEY_LENGTHS.metrics,
  numbers: ROW_KEY_LENGTHS.metrics,
  events: ROW_KEY_LENGTHS.events,
  eventsOfAsset: ROW_KEY_LENGTHS.events,
  eventsOfType: ROW_KEY_LENGTHS.events,
}

/** The values of the first two parameters. */
export function tenantParameters({ org_id, environment }: Tenant): [string, string] {
  return [org_id, environment]
}

function tenantIn({ schema, parameter: $ }: Dialect): string {
  return `(SELECT tenant FROM ${schema}tenants WHERE org_id = ${$(1)} AND environment = ${$(2)})`
}

function ofTenantIn(dialect: Dialect): string {
  return `tenant = ${tenantIn(dialect)}`
}

/** A condition for the rows of one asset. 3: asset_id. */
export function ofAssetIn(dialect: Dialect): string {
  const { schema, parameter: $ } = dialect
  const asset = `(SELECT asset FROM ${schema}assets WHERE ${ofTenantIn(dialect)} AND asset_id = ${$(3)})`
  return `${ofTenantIn(dialect)} AND asset = ${asset}`
}

/** The parts of a list query. */
interface List {
  readonly columns: string
  /** The names of `columns`, if some are computed. */
  readonly names?: string
  readonly from: string
  /** A condition on the first columns of an index. */
  readonly where: string
  /** The number of parameters in `where`, including the tenant's two. */
  readonly parameters: number
  /** The other columns of that index. */
  readonly order: readonly string[]
  /** The name of that index, unless it is the primary key. */
  readonly index?: string
  /** The column that may be long, if any. */
  readonly long?: string
}

const DIRECTIONS = {
  oldest: { after: '>', order: 'ASC' },
  newest: { after: '<', order: 'DESC' },
} as const

function listQuery(list: List, direction: keyof typeof DIRECTIONS, dialect: Dialect): string {
  const { after, order } = DIRECTIONS[direction]
  const { parameter: $ } = dialect
  const key = list.order.map((_, index) => $(list.parameters + 1 + index))
  const next = list.parameters + key.length
  const from = `timestamp_ms >= ${$(next + 1)}`
  const to = `timestamp_ms < ${$(next + 2)}`
  // The row key bounds the other end.
  const oneEnd = direction === 'oldest' ? to : from
  const within = dialect.needsWholePeriod ? `${from} AND ${to}` : oneEnd
  const hint = list.index === undefined ? '' : dialect.useIndex(list.index)
  const ordered = list.order.map((column) => `${column} ${order}`).join(', ')
  const all = `SELECT ${list.columns} FROM ${list.from}${hint}
    WHERE ${list.where} AND (${list.order.join(', ')}) ${after} (${key.join(', ')}) AND ${within}
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
