/** Reads what the API has stored: pages as one iteration, and the live stream. */

import { RefusedError } from '../request/refused-error.ts'
import type { Retry } from '../request/retries.ts'
import { type ApiDeps, send } from '../request/send.ts'
import { queryOf, segment } from '../request/urls.ts'
import { errorOf } from './answer.ts'
import type {
  Asset,
  BucketsQuery,
  EventReading,
  EventsQuery,
  ListQuery,
  MetricBucket,
  MetricReading,
  MetricsQuery,
  Observation,
  Position,
  ReadOptions,
  SeriesQuery,
  StreamOptions,
} from './readings.ts'
import { type StreamDeps, stream } from './stream.ts'

/**
 * Needs the scope `asset:track:read`. Failures that may pass are retried as `track` does; `for
 * await` throws the others, with the errors of `track`. Breaking out of the loop stops reading.
 */
export interface AssetReader {
  /** All assets, a page at a time as the loop goes on. */
  list(query?: ListQuery): AsyncIterable<Asset>
  /** Null when there is no such asset. */
  get(asset_id: string, options?: ReadOptions): Promise<Asset | null>
  positions(asset_id: string, query?: SeriesQuery): AsyncIterable<Position>
  metrics(asset_id: string, query?: MetricsQuery): AsyncIterable<MetricReading>
  /** The values of one key, summarized for a chart. A bucket without a number is left out. */
  buckets(asset_id: string, query: BucketsQuery): Promise<MetricBucket[]>
  events(query?: EventsQuery): AsyncIterable<EventReading>
  /**
   * New reports as they arrive, for as long as the loop runs: it reconnects where it was, after
   * network failures too, and throws what waiting does not cure (no scope).
   */
  stream(options?: StreamOptions): AsyncIterable<Observation>
}

const ASSETS_PER_PAGE = 200
const ENTRIES_PER_PAGE = 1000

export function createReader(deps: ApiDeps & StreamDeps, retry: Retry): AssetReader {
  async function getJson(path: string, signal?: AbortSignal): Promise<Record<string, unknown>> {
    return retry(async (one) => {
      const answer = await send({ method: 'GET', path, headers: {}, signal: one }, deps)
      const { status, json } = answer
      const isObject = typeof json === 'object' && json !== null
      // A 200 that is no object is a proxy's, and counts as a failure that may pass.
      if (status !== 200 || !isObject) {
        throw errorOf({ ...answer, status: status === 200 ? 502 : status }, json, deps.redact)
      }
      return json as Record<string, unknown>
    }, signal)
  }

  async function* pages<Entry>(
    path: string,
    member: string,
    { signal, ...query }: Query,
  ): AsyncGenerator<Entry> {
    for (let cursor: string | null = null; ; ) {
      const page = await getJson(`${path}${queryOf({ ...query, cursor })}`, signal)
      yield* (page[member] ?? []) as Entry[]
      if (typeof page.next_cursor !== 'string') return
      cursor = page.next_cursor
    }
  }

  return {
    list: (query = {}) => pages('/v1/assets', 'assets', { ...query, limit: ASSETS_PER_PAGE }),

    async get(asset_id, { signal } = {}) {
      try {
        return (await getJson(pathOf(asset_id), signal)) as unknown as Asset
      } catch (error) {
        // Only the API itself knows that there is none.
        if (error instanceof RefusedError && error.status === 404 && error.isFinal) return null
        throw error
      }
    },

    positions: (asset_id, query = {}) =>
      pages(`${pathOf(asset_id)}/positions`, 'positions', { ...query, limit: ENTRIES_PER_PAGE }),

    metrics(asset_id, query = {}) {
      // Without a key the server decides the size of a page.
      const limit = query.key === undefined ? undefined : ENTRIES_PER_PAGE
      return pages(`${pathOf(asset_id)}/metrics`, 'metrics', { ...query, limit })
    },

    async buckets(asset_id, { signal, ...query }) {
      const { buckets } = await getJson(`${pathOf(asset_id)}/metrics${queryOf(query)}`, signal)
      return (buckets ?? []) as MetricBucket[]
    },

    events({ asset_id, ...query } = {}) {
      const path = asset_id === undefined ? '/v1/events' : `${pathOf(asset_id)}/events`
      return pages(path, 'events', { ...query, limit: ENTRIES_PER_PAGE })
    },

    stream({ asset_id, ...options } = {}) {
      const path = `/v1/assets/stream${queryOf({ asset_id })}`
      return stream(path, options, deps)
    },
  }
}

type Value = string | number | Date | null | undefined
type Query = ReadOptions & Readonly<Record<string, Value | AbortSignal>>

function pathOf(asset_id: string): string {
  return `/v1/assets/${segment('asset_id', asset_id)}`
}
