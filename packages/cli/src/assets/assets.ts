/** `miot assets list|show|tail`: what was reported, as a client with `asset:track:read` sees it. */

import { setTimeout as sleep } from 'node:timers/promises'
import type { Context } from '../command/context.ts'
import { CliError } from '../errors/cli-error.ts'
import {
  type ApiSession,
  answerOf,
  isTemporary,
  openApiSession,
  type SessionOptions,
} from '../network/api-session.ts'
import { readEvents, type ServerEvent } from '../network/event-stream.ts'
import { pagesOf } from '../network/pages.ts'
import { properties, table } from '../terminal/output.ts'
import { toSecond } from '../terminal/times.ts'

interface Gps {
  readonly latitude?: number
  readonly longitude?: number
  readonly speed?: number
}

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
    ...table(
      ['ASSET', 'TYPE', 'REPORTED', 'POSITION', 'SPEED'],
      assets.map(({ asset_id, type, timestamp, latest: { gps } }) => [
        asset_id,
        type ?? '-',
        toSecond(timestamp),
        positionOf(gps),
        speedOf(gps),
      ]),
    ),
    ...(cursor === null ? [] : ['There are more: --limit shows them.']),
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
  const asset = WITHOUT_ADDRESS.has(asset_id)
    ? await search(session, asset_id)
    : await getJson<Asset>(session, path)
  const metrics = await newestMetrics(session, `${path}/metrics`)
  context.output.print({ ...asset, metrics }, () => {
    const { latest, timestamp } = asset
    const about = properties([
      ['asset_id', asset.asset_id],
      ['type', asset.type ?? '-'],
      ['reported', timestamp],
      ['position', positionOf(latest.gps)],
      ['speed', speedOf(latest.gps)],
      ['first received', asset.first_received_at],
      ['last received', asset.last_received_at],
    ])
    if (metrics.length === 0) return about
    const rows = metrics.map(({ key, value, unit, timestamp: at }) => [
      key,
      `${JSON.stringify(value)}${unit === null ? '' : ` ${unit}`}`,
      toSecond(at),
    ])
    return [...about, '', ...table(['METRIC', 'VALUE', 'MEASURED'], rows)]
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

/** At this asset's address is the stream of all; these two, which no asset can have, `fetch` takes for steps up. */
const WITHOUT_ADDRESS: ReadonlySet<string> = new Set(['stream', '.', '..'])

/** @throws CliError not_found */
async function search(session: ApiSession, asset_id: string): Promise<Asset> {
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

export interface TailOptions extends SessionOptions {
  readonly asset?: string
  /** Ends after so many reports; without it when it is interrupted. */
  readonly count?: number
}

/** A line a report, as it is stored; after a broken connection it goes on where it was. */
export async function tailAssets(context: Context, options: TailOptions): Promise<void> {
  const session = openApiSession(context, options)
  const controller = new AbortController()
  const interrupted = (): void => controller.abort()
  process.once('SIGINT', interrupted)
  process.once('SIGTERM', interrupted)
  let left = options.count ?? Number.POSITIVE_INFINITY
  try {
    for await (const event of followed(session, options.asset, controller.signal)) {
      show(context, event)
      if (event.event === 'observation') left--
      if (left === 0) break
    }
  } catch (error) {
    if (!controller.signal.aborted) throw error
  } finally {
    process.off('SIGINT', interrupted)
    process.off('SIGTERM', interrupted)
    controller.abort()
  }
}

/** How long to wait before the next try, and how often before it is an error. */
const RETRY_MS = 1000
const TRIES = 30

/** The events of one stream after another, each behind the last. */
async function* followed(
  session: ApiSession,
  asset_id: string | undefined,
  signal: AbortSignal,
): AsyncGenerator<ServerEvent> {
  let lastId: string | undefined
  for (let failures = 0; ; ) {
    try {
      const headers = lastId === undefined ? {} : { 'last-event-id': lastId }
      const path = `/v1/assets/stream${queryOf({ asset_id })}`
      const response = await session.send(path, { headers, signal })
      if (response.status !== 200 || response.body === null) await answerOf(response)
      for await (const event of readEvents(response.body as AsyncIterable<Uint8Array>)) {
        failures = 0
        lastId = event.id ?? lastId
        if (event.event !== 'end' && event.event !== 'place') yield event
      }
    } catch (error) {
      failures++
      if (signal.aborted || !isTemporary(error) || failures === TRIES) throw error
    }
    await sleep(RETRY_MS, undefined, { signal })
  }
}

interface Told {
  readonly asset_id: string
  readonly timestamp: string
  readonly report: { readonly gps?: Gps }
}

function show({ output }: Context, { event, data }: ServerEvent): void {
  const value: unknown = JSON.parse(data)
  output.line(value, () => {
    if (event === 'skipped') return `${Object(value).observations} reports were passed over`
    const { asset_id, timestamp, report } = value as Told
    return [toSecond(timestamp), asset_id, positionOf(report.gps), speedOf(report.gps)].join('  ')
  })
}

async function getJson<Answer>(session: ApiSession, path: string): Promise<Answer> {
  return answerOf<Answer>(await session.send(path))
}

function queryOf(query: Readonly<Record<string, string | number | null | undefined>>): string {
  const entries = Object.entries(query).filter(([, value]) => value !== undefined && value !== null)
  const text = new URLSearchParams(entries.map(([name, value]) => [name, String(value)])).toString()
  return text === '' ? '' : `?${text}`
}

function positionOf({ latitude, longitude }: Gps = {}): string {
  if (latitude === undefined || longitude === undefined) return '-'
  return `${latitude.toFixed(5)},${longitude.toFixed(5)}`
}

function speedOf({ speed }: Gps = {}): string {
  return speed === undefined ? '-' : `${speed} km/h`
}
