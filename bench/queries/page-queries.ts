/**
 * The queries of a full store: over HTTP, and as a direct statement with the numbers of tenant and
 * asset known.
 */

import { assetName, EVENT_TYPES, FLEET, KEYS, SPAN_MS, START_MS } from './full-store.ts'

export interface Bare {
  readonly text: string
  readonly values: readonly (string | number)[]
}

export interface Request {
  readonly path: string
  readonly bare: Bare
}

/** Rows in a page. */
const PAGE = 100

type Draw = (below: number) => number

/**
 * @param schema with its dot, if the tables are in one; `draw` returns a whole number below
 *   another.
 */
export type PageQuery = (schema: string, draw: Draw) => Request

const HOUR_MS = 3_600_000
const TENANT = 1

const timeOf = (draw: Draw): number => START_MS + draw(SPAN_MS / 2 / HOUR_MS) * HOUR_MS
const iso = (ms: number): string => encodeURIComponent(new Date(ms).toISOString())
const assetOf = (draw: Draw): number => 1 + draw(FLEET)

/** A new query is a new row. */
export const PAGE_QUERIES: Readonly<Record<string, PageQuery>> = {
  'an asset': (schema, draw) => {
    const name = assetName(assetOf(draw))
    return {
      path: `/v1/assets/${name}`,
      bare: {
        text: `SELECT a.*, o.payload FROM ${schema}assets a JOIN ${schema}observations o
          ON o.tenant = a.tenant AND o.seq = a.latest_seq AND o.timestamp_ms = a.timestamp_ms
          WHERE a.tenant = $1 AND a.asset_id = $2`,
        values: [TENANT, name],
      },
    }
  },
  '100 assets': (schema, draw) => {
    const from = assetName(draw(FLEET - PAGE))
    return {
      path: `/v1/assets?limit=${PAGE}&cursor=${Buffer.from(from).toString('base64url')}`,
      bare: {
        text: `SELECT a.*, o.payload FROM ${schema}assets a JOIN ${schema}observations o
          ON o.tenant = a.tenant AND o.seq = a.latest_seq AND o.timestamp_ms = a.timestamp_ms
          WHERE a.tenant = $1 AND a.asset_id > $2 ORDER BY a.asset_id LIMIT ${PAGE + 1}`,
        values: [TENANT, from],
      },
    }
  },
  '100 positions from a moment on': (schema, draw) => series('positions', schema, draw),
  '100 values of a key from a moment on': (schema, draw) => series('metrics', schema, draw),
  'the newest value of each key': (schema, draw) => {
    const asset = assetOf(draw)
    const newest = KEYS.map(
      (key) => `SELECT * FROM (SELECT * FROM ${schema}metrics WHERE tenant = $1 AND asset = $2
        AND key = '${key}' ORDER BY timestamp_ms DESC, sequence DESC, seq DESC, item DESC LIMIT 1) AS one`,
    )
    return {
      path: `/v1/assets/${assetName(asset)}/metrics`,
      bare: { text: newest.join(' UNION ALL '), values: [TENANT, asset] },
    }
  },
  'a week of a key by the hour': (schema, draw) => {
    const [asset, key] = [assetOf(draw), KEYS[draw(KEYS.length)] as string]
    const from = timeOf(draw)
    const to = from + 168 * HOUR_MS
    return {
      path: `/v1/assets/${assetName(asset)}/metrics?key=${key}&bucket=1h&from=${iso(from)}&to=${iso(to)}`,
      bare: {
        text: `SELECT timestamp_ms / ${HOUR_MS} AS hour, count(*), min(number), max(number), avg(number)
          FROM ${schema}metrics WHERE tenant = $1 AND asset = $2 AND key = $3
          AND timestamp_ms >= $4 AND timestamp_ms < $5 GROUP BY 1 ORDER BY 1`,
        values: [TENANT, asset, key, from, to],
      },
    }
  },
  '100 events from a moment on': (schema, draw) => {
    const from = timeOf(draw)
    return {
      path: `/v1/events?limit=${PAGE}&from=${iso(from)}`,
      bare: {
        text: `SELECT * FROM ${schema}events WHERE tenant = $1 AND timestamp_ms >= $2
          ORDER BY timestamp_ms, seq, item LIMIT ${PAGE + 1}`,
        values: [TENANT, from],
      },
    }
  },
  'the newest 100 events of a type': (schema, draw) => {
    const type = EVENT_TYPES[draw(EVENT_TYPES.length)] as string
    return {
      path: `/v1/events?limit=${PAGE}&order=desc&type=${type}`,
      bare: {
        text: `SELECT * FROM ${schema}events WHERE tenant = $1 AND event_type = $2
          ORDER BY timestamp_ms DESC, seq DESC, item DESC LIMIT ${PAGE + 1}`,
        values: [TENANT, type],
      },
    }
  },
}

function series(table: 'positions' | 'metrics', schema: string, draw: Draw): Request {
  const [asset, from] = [assetOf(draw), timeOf(draw)]
  const key = KEYS[draw(KEYS.length)] as string
  const metrics = table === 'metrics'
  return {
    path: `/v1/assets/${assetName(asset)}/${table}?limit=${PAGE}&from=${iso(from)}${metrics ? `&key=${key}` : ''}`,
    bare: {
      text: `SELECT * FROM ${schema}${table} WHERE tenant = $1 AND asset = $2 AND timestamp_ms >= $3
        ${metrics ? 'AND key = $4' : ''}
        ORDER BY timestamp_ms, ${metrics ? 'sequence, seq, item' : 'seq'} LIMIT ${PAGE + 1}`,
      values: [TENANT, asset, from, ...(metrics ? [key] : [])],
    },
  }
}
