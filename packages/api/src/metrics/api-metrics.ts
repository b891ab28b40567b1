/** The metrics of ModularIoT API. Labels are our own constants: outcomes and kinds of refusals. */

import { ALL_REFUSAL_LABELS, type Refusal, refusalLabel } from '@modulariot/oauth/protocol'
import { countEach, type Metrics } from '@modulariot/platform/metrics'
import type { AppendOutcome } from '../store/store.ts'

/** `refused`: invalid, or too many requests. `failed`: a server error; a retry may succeed. */
export type TrackOutcome = AppendOutcome | 'refused' | 'failed'
const TRACK_OUTCOMES: readonly TrackOutcome[] = [
  'stored',
  'replayed',
  'conflict',
  'refused',
  'failed',
]

export interface ApiMetrics {
  /** Counts a refused token. */
  refused(reason: Refusal): void
  /** Counts the outcome of an `asset/track` request with a valid token, or of a batch item. */
  tracked(outcome: TrackOutcome, times?: number): void
  /** Counts a transaction of this many observations. */
  committed(batchSize: number): void
  /** Registers the number of waiting observations, read at each scrape. */
  watchQueue(depth: () => number): void
  /** Registers whether the store accepts writes, read at each scrape. */
  watchStore(isWritable: () => boolean): void
  /** Registers the number of open streams, read at each scrape. */
  watchStreams(open: () => number): void
}

/** Powers of two, up to the largest batch. */
const BATCH_BUCKETS = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1000] as const

export function createApiMetrics(metrics: Metrics): ApiMetrics {
  const refusals = countEach(
    metrics.counter({
      name: 'miot_api_refusals_total',
      help: 'Requests refused by ModularIoT API for their token, by internal reason.',
      labels: ['reason'],
    }),
    'reason',
    ALL_REFUSAL_LABELS,
  )
  const tracked = countEach(
    metrics.counter({
      name: 'miot_api_track_requests_total',
      help: 'asset/track requests with a valid token, and batch items, by outcome.',
      labels: ['outcome'],
    }),
    'outcome',
    TRACK_OUTCOMES,
  )
  const batches = metrics
    .histogram({
      name: 'miot_api_commit_batch_size',
      help: 'Observations written in one transaction.',
      labels: [],
      buckets: BATCH_BUCKETS,
    })
    .of({})
  return {
    refused: (reason) => refusals(refusalLabel(reason)).add(),
    tracked: (outcome, times) => tracked(outcome).add(times),
    committed: (batchSize) => batches.observe(batchSize),
    watchQueue: (read) =>
      metrics.gauge({
        name: 'miot_api_commit_queue_depth',
        combine: 'sum',
        help: 'Observations waiting to be written.',
        read,
      }),
    watchStore: (isWritable) =>
      metrics.gauge({
        name: 'miot_api_store_writable',
        combine: 'min',
        help: '1 while the store of ModularIoT API accepts writes, 0 while it refuses them.',
        read: () => Number(isWritable()),
      }),
    watchStreams: (read) =>
      metrics.gauge({
        name: 'miot_api_streams',
        combine: 'sum',
        help: 'Open streams of server-sent events.',
        read,
      }),
  }
}
