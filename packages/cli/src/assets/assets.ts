/** `miot assets list|show`: reports as a client with the scope `asset:track:read` sees them. */

import type { Context } from '../command/context.ts'
import { CliError } from '../errors/cli-error.ts'
import {
  type ApiSession,
  answerOf,
  openApiSession,
  type SessionOptions,
} from '../network/api-session.ts'
import { pagesOf } from '../network/pages.ts'
import { queryOf } from '../network/query.ts'
import { properties } from '../terminal/output.ts'
import { utc } from '../terminal/times.ts'
import { type Gps, positionOf, speedOf } from './gps.ts'

interface Asset {
  readonly asset_id: string
  readonly type: string | null
  readonly timestamp: string
  readonly first_received_at: string
  readonly last_received_at: string
  readonly latest: { readonly gps?: Gps }
}

interface AssetPage {
  readonly assets: readonly Asset[]
  readonly next_cursor: string | null
}

export interface ListAssetsOptions extends SessionOptions {
  readonly search?: string
  readonly type?: string
  readonly limit: number
}

const MAX_PAGE = 200

const nextOf = ({ next_cursor }: { readonly next_cursor: string | null }) => next_cursor

export async function listAssets(context: Context, options: ListAssetsOptions): Promise<void> {
  const session = openApiSession(context, options)
  const assets: Asset[] = []
  const { search, type, limit } = options
  let cursor: string | null = null
  const readPage = (after: string | null) => {
    const size = Math.min(MAX_PAGE, limit - assets.length)
    const query = { search, type, cursor: after, limit: size }
    return getJson<AssetPage>(session, `/v1/assets${queryOf(query)}`)
  }
  for await (const page of pagesOf(readPage, nextOf)) {
    assets.push(...page.assets)
    cursor = page.next_cursor
    if (assets.length >= limit) break
  }
  context.output.print({ assets, more: cursor !== null }, () => [
    ...context.output.table(
      ['ASSET', 'TYPE', 'REPORTED', 'POSITION', 'SPEED'],
      assets.map(({ asset_id, type, timestamp, latest: { gps } }) => [
        asset_id,
        type ?? '-',
        utc(timestamp),
        positionOf(gps),
        speedOf(gps),
      ]),
      'No asset was found.',
    ),
    ...(cursor === null ? [] : ['There are more assets: raise --limit to see them.']),
  ])
}

interface Metric {
  readonly key: string
  readonly timestamp: string
  readonly value: unknown
  readonly unit: string | null
}

export async function showAsset(
  context: Context,
  asset_id: string,
  options: SessionOptions,
): Promise<void> {
  const session = openApiSession(context, options)
  const path = `/v1/assets/${encodeURIComponent(asset_id)}`
  const asset = WITHOUT_URL.has(asset_id)
    ? await findBySearch(session, asset_id)
    : await getJson<Asset>(session, path)
  const metrics = await newestMetrics(session, `${path}/metrics`)
  context.output.print({ ...asset, metrics }, () => {
    const { latest, timestamp } = asset
    const about = properties([
      ['asset_id', asset.asset_id],
      ['type', asset.type ?? '-'],
      ['reported', utc(timestamp)],
      ['position', positionOf(latest.gps)],
      ['speed', speedOf(latest.gps)],
      ['first received', utc(asset.first_received_at)],
      ['last received', utc(asset.last_received_at)],
    ])
    if (metrics.length === 0) return about
    const rows = metrics.map(({ key, value, unit, timestamp: at }) => [
      key,
      `${JSON.stringify(value)}${unit === null ? '' : ` ${unit}`}`,
      utc(at),
    ])
    return [...about, '', ...context.output.table(['METRIC', 'VALUE', 'MEASURED'], rows)]
  })
}

interface MetricPage {
  readonly metrics: readonly Metric[]
  readonly next_cursor: string | null
}

async function newestMetrics(session: ApiSession, path: string): Promise<Metric[]> {
  const metrics: Metric[] = []
  const readPage = (cursor: string | null) =>
    getJson<MetricPage>(session, path + queryOf({ cursor }))
  for await (const page of pagesOf(readPage, nextOf)) metrics.push(...page.metrics)
  return metrics
}

/**
 * Ids that `/v1/assets/{asset_id}` cannot address: `stream` is another endpoint's path, and `fetch`
 * resolves `.` and `..` as path segments.
 */
const WITHOUT_URL: ReadonlySet<string> = new Set(['stream', '.', '..'])

/** @throws CliError not_found */
async function findBySearch(session: ApiSession, asset_id: string): Promise<Asset> {
  const readPage = (cursor: string | null) => {
    const query = { search: asset_id, cursor, limit: MAX_PAGE }
    return getJson<AssetPage>(session, `/v1/assets${queryOf(query)}`)
  }
  for await (const page of pagesOf(readPage, nextOf)) {
    const found = page.assets.find((asset) => asset.asset_id === asset_id)
    if (found !== undefined) return found
  }
  throw new CliError('not_found', `There is no asset ${asset_id}`)
}

async function getJson<Answer>(session: ApiSession, path: string): Promise<Answer> {
  return answerOf<Answer>(await session.send(path))
}
