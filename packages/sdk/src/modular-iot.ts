/** Your application's hand on ModularIoT: everything put together, with its defaults. */

import { ConfigError } from '@modulariot/oauth/client'
import type { AssetTrackingData } from '@modulariot/telemetry'
import { createDeliver, MAX_BATCH_BYTES, MAX_BATCH_ITEMS } from './assets/batch.ts'
import type { ApiDeps } from './assets/post.ts'
import { prepareReport } from './assets/prepare.ts'
import { type RetryLimits, sendReportPersistently, type Tracked } from './assets/track.ts'
import { type Authorization, authorize } from './authorize.ts'
import { type BufferSettings, ReportBuffer } from './buffer/report-buffer.ts'
import { MemoryQueue } from './buffer/report-queue.ts'
import { type Environment, settingsFrom } from './environment.ts'
import { systemTiming, type Timing } from './timing.ts'

export interface ModularIoTOptions extends Authorization {
  /** Base URL of ModularIoT API. */
  readonly apiUrl: string
  /** `lenient` for a server that keeps metric keys nobody knows. */
  readonly validation?: 'strict' | 'lenient'
  /** For one request and its whole answer. 30 seconds. */
  readonly timeoutMs?: number
  readonly retry?: Partial<RetryLimits>
  readonly fetch?: typeof globalThis.fetch
  readonly timing?: Timing
}

export interface TrackOptions {
  /** `X-Request-Id`: the same one with the same data is kept once. Made up when left out. */
  readonly requestId?: string
  readonly signal?: AbortSignal
}

/** What is left out has its default; a spool as `queue` holds more than memory does. */
export type BufferOptions = Partial<BufferSettings>

export interface ModularIoT {
  readonly assets: {
    /**
     * Sends a report, and resolves when the server has kept it.
     *
     * Retries what may pass (no network, no answer in time, 429, 5xx) for up to a minute, under the same
     * request id, so that it is kept once however often it was sent.
     *
     * @throws ValidationError before anything is sent; the errors of the token; NetworkError, TimeoutError,
     *   RateLimitedError, ServerError, AccessDeniedError, RefusedError.
     */
    track(data: AssetTrackingData, options?: TrackOptions): Promise<Tracked>
    /** Reports that are sent together, a little later, and kept until then. */
    buffer(options?: BufferOptions): ReportBuffer
  }
  /** `fetch` with this client's token, for any other request to the API. */
  readonly fetch: typeof globalThis.fetch
}

const RETRY: RetryLimits = { attempts: 6, withinMs: 60_000, baseMs: 500, maxMs: 30_000 }

const TIMEOUT_MS = 30_000

/** @throws ConfigError */
export function createClient(options: ModularIoTOptions): ModularIoT {
  const { validation = 'strict', timing = systemTiming } = options
  if (!URL.canParse(options.apiUrl)) throw new ConfigError('apiUrl is not an absolute URL')
  const deps: ApiDeps = {
    apiUrl: options.apiUrl.replace(/\/+$/, ''),
    fetch: authorize(options, options.fetch ?? globalThis.fetch),
    timing,
    timeoutMs: options.timeoutMs ?? TIMEOUT_MS,
  }
  const retry = { ...RETRY, ...options.retry }
  const prepare = (data: AssetTrackingData, requestId?: string) =>
    prepareReport(data, { nowMs: timing.now(), validation, requestId })
  return {
    fetch: deps.fetch,
    assets: {
      async track(data, { requestId, signal } = {}) {
        return sendReportPersistently(prepare(data, requestId), retry, deps, signal)
      },
      buffer(settings = {}) {
        const deliver = createDeliver(deps)
        return new ReportBuffer(withDefaults(settings), { prepare, deliver, timing })
      },
    },
  }
}

/** The environment of a process, or the bindings of a worker. */
export const ModularIoT = {
  /** @throws ConfigError that names what is missing. */
  fromEnv(
    environment: Environment = globalThis.process?.env ?? {},
    options: Partial<ModularIoTOptions> = {},
  ): ModularIoT {
    return createClient({ ...settingsFrom(environment, null), ...options })
  },
}

function withDefaults(options: BufferOptions): BufferSettings {
  const queue = options.queue ?? new MemoryQueue()
  const settings: BufferSettings = {
    maxBatchItems: 500,
    maxBatchBytes: 1 << 20,
    maxDelayMs: 5_000,
    maxQueuedItems: queue.outlivesProcess ? 1_000_000 : 10_000,
    maxQueuedBytes: queue.outlivesProcess ? 64 << 20 : 16 << 20,
    whenFull: 'wait',
    backoff: { baseMs: 1_000, maxMs: 5 * 60_000 },
    ...options,
    queue,
  }
  for (const [name, most] of Object.entries(LIMITS)) {
    const value = settings[name as keyof typeof LIMITS]
    if (!(value >= 1 && value <= most)) {
      throw new ConfigError(`buffer: ${name} must be between 1 and ${most}`)
    }
  }
  return settings
}

/** A batch of the largest reports plus their ids must fit what the server takes. */
const LIMITS = {
  maxBatchItems: MAX_BATCH_ITEMS,
  maxBatchBytes: MAX_BATCH_BYTES / 2,
  maxQueuedItems: Number.MAX_SAFE_INTEGER,
  maxQueuedBytes: Number.MAX_SAFE_INTEGER,
}
