/** Assembles ModularIoT API from its parts. */

import {
  createVerifier,
  type KeySource,
  type RevocationSource,
} from '@modulariot/oauth/resource-server'
import type { Application } from '@modulariot/platform/http'
import { type Metrics, noMetrics } from '@modulariot/platform/metrics'
import type { Peers } from '@modulariot/platform/peers'
import type { RecordErasure } from './http/erase-endpoint.ts'
import { refusalBody } from './http/error-handler.ts'
import { type ApiRoutesDeps, mountApiRoutes, type RecordRefusal } from './http/mount.ts'
import { OpenStreams } from './http/open-streams.ts'
import type { OpenApiPart } from './http/openapi.ts'
import { COMMIT_QUEUE_LIMITS, CommitQueue } from './ingest/commit-queue.ts'
import { HeavyReader } from './ingest/heavy-reader.ts'
import type { IngestDeps } from './ingest/ingest.ts'
import { BURST_SECONDS, ClientBudget } from './limits/client-budget.ts'
import { createApiMetrics } from './metrics/api-metrics.ts'
import { createCharts } from './read/charts.ts'
import type { TelemetryStore } from './store/store.ts'

export interface ApiServerOptions {
  /** The issuer of accepted tokens. */
  readonly issuer: string
  /** The required audience of tokens: this API. */
  readonly audience: string
  readonly baseUrl: string
  /** The issuer's keys: its key ring in one process, `RemoteJwks` elsewhere. */
  readonly keys: KeySource
  /** Tokens that the issuer revoked. By default none are. */
  readonly revocations?: RevocationSource
  readonly store: TelemetryStore
  /** Puts an erasure into the audit trail. By default there is no trail. */
  readonly recordErasure?: RecordErasure
  /** Keeps a refusal for people to look at. By default none is kept. */
  readonly recordRefusal?: RecordRefusal
  /** Unix milliseconds. */
  readonly now: () => number
  /** What is accepted beside complete reports: nothing with `strict`, the default. */
  readonly validation?: IngestDeps['validation']
  /**
   * CPU milliseconds per second that one client may use for expensive requests; 0, the default:
   * unlimited.
   */
  readonly clientCpuMs?: number
  /** By default nothing is counted. */
  readonly metrics?: Metrics
  /** The equal processes of this server. By default there is one. */
  readonly peers?: Peers
  /** Whether the console is on this server, at `/console/`. */
  readonly hasConsole?: boolean
  /** Operations of the issuer that `/openapi.json` describes too. */
  readonly otherOperations?: OpenApiPart
}

export function createApiServer(options: ApiServerOptions): Application {
  const { issuer, audience, baseUrl, keys, store, now, validation = 'strict' } = options
  const { revocations, recordErasure = async () => {}, recordRefusal = () => {} } = options
  const verifier = createVerifier({
    issuer,
    audience,
    keys,
    now,
    ...(revocations && { revocations }),
  })
  const metrics = createApiMetrics(options.metrics ?? noMetrics)
  const queue = new CommitQueue(store, COMMIT_QUEUE_LIMITS, metrics.committed)
  metrics.watchQueue(() => queue.depth)
  metrics.watchStore(() => store.isWritable())
  const charts = createCharts()
  const budget = new ClientBudget(
    { msPerSecond: options.clientCpuMs ?? 0, burstSeconds: BURST_SECONDS },
    now,
  )
  const heavy = new HeavyReader(budget)
  const streams = new OpenStreams()
  metrics.watchStreams(() => streams.size)
  const deps: ApiRoutesDeps = {
    ...{ verifier, store, queue, charts, heavy, budget, streams, metrics },
    ...{ issuer, audience, baseUrl, now, validation, recordErasure, recordRefusal },
    otherOperations: options.otherOperations,
    hasConsole: options.hasConsole,
  }
  return {
    name: 'api',
    mount: (app) => {
      app.addHook('onClose', () => heavy.close())
      return mountApiRoutes(app, deps)
    },
    refusals: { below: ['/v1/'], body: refusalBody },
    ready: async () => {
      await store.ping()
      return undefined
    },
  }
}
