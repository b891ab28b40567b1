/** The entry point for applications: everything put together, with its defaults. */

import {
  ConfigError,
  createAuthorizedFetch,
  systemClock,
  TokenSource,
  type TokenSourceOptions,
} from '@modulariot/oauth/client'
import { MAX_BATCH_BYTES, MAX_BATCH_ITEMS } from '@modulariot/telemetry'
import { createDeliver } from './assets/batch.ts'
import { assertRequestId, prepareReport } from './assets/prepare.ts'
import { type AssetReader, createReader } from './assets/read.ts'
import { type Reading, type StampClock, Stamps } from './assets/stamps.ts'
import { sendReport, sendStamped, type Tracked } from './assets/track.ts'
import { type ReportResult, sendTexts } from './assets/track-texts.ts'
import { type BufferSettings, quietly, ReportBuffer } from './buffer/report-buffer.ts'
import { MemoryQueue } from './buffer/report-queue.ts'
import { type Environment, settingsFrom } from './environment.ts'
import { DEFAULT_RETRY, type RetryLimits, retryWith } from './request/retries.ts'
import { REQUEST_TIMEOUT_MS } from './request/send.ts'
import { systemTiming, type Timing } from './timing/timing.ts'

/** The options of a token source, and those of the API: */
export interface ModularIoTOptions extends TokenSourceOptions {
  /** Base URL of ModularIoT API. The token is sent nowhere else. */
  readonly apiUrl: string
  /** `lenient` for a server that keeps unknown metric keys. */
  readonly validation?: 'strict' | 'lenient'
  /** For one request to the API and its whole answer. 30 seconds. */
  readonly requestTimeoutMs?: number
  /** Of `track`; a buffer retries without limit. */
  readonly retry?: Partial<RetryLimits>
  readonly timing?: Timing
}

export interface TrackOptions {
  /**
   * `X-Request-Id`: a report with the same id and the same data is kept once. Default: a new id.
   */
  readonly requestId?: string
  readonly signal?: AbortSignal
}

export interface TrackTextsOptions extends TrackOptions {
  /**
   * `content`: a text without `idempotency_key` is identified by the text itself, so that it is
   * kept once however often and with whatever others it is sent. Default: by `requestId` and its
   * index.
   */
  readonly ids?: 'content'
}

/** Every option has a default; a spool as `queue` holds more than memory does. */
export type BufferOptions = Partial<BufferSettings>

export interface ModularIoT {
  readonly assets: AssetReader & {
    /**
     * Sends a report, and resolves when the server has kept it. Without a `timestamp` it gets the
     * server's time. One that is in the future, because the device's clock is ahead, is moved back
     * by as much.
     *
     * Retries failures that may pass (no network, no answer in time, 429, 5xx) for up to a minute,
     * under the same request id, so that the report is kept once however often it was sent.
     *
     * @throws ValidationError before anything is sent; the token's errors; NetworkError,
     *   TimeoutError, RateLimitedError, ServerError, AccessDeniedError, RefusedError.
     */
    track(data: Reading, options?: TrackOptions): Promise<Tracked>
    /**
     * Sends a report that is JSON text already, from a file or another program. The text goes out
     * unchecked and unchanged; the server judges it. Otherwise the same as `track`.
     */
    trackText(text: string, options?: TrackOptions): Promise<Tracked>
    /**
     * Sends up to 1000 such texts in one request, and resolves with a result for each, in order.
     * One that is refused does not keep the others from being stored. Retries as `track` does.
     *
     * For reports that come one by one, use a buffer.
     *
     * @throws the errors of `track` when the request as a whole fails.
     */
    trackTexts(texts: readonly string[], options?: TrackTextsOptions): Promise<ReportResult[]>
    /** Collects reports and sends them together, a little later; keeps them until then. */
    buffer(options?: BufferOptions): ReportBuffer
  }
  /**
   * The server's time, learned from its answers; the device's own until the first one. For
   * `timestamp`, in place of `new Date()`.
   */
  now(): Date
  /**
   * `fetch` with this client's token, for any other request to the API. A path, such as
   * `/v1/assets`, is taken below `apiUrl`.
   */
  readonly fetch: typeof globalThis.fetch
}

/** @throws ConfigError */
export function createClient(options: ModularIoTOptions): ModularIoT {
  const { validation = 'strict', timing = systemTiming } = options
  const source = new TokenSource(options)
  const deps = {
    apiUrl: options.apiUrl.replace(/\/+$/, ''),
    client_id: options.client_id,
    fetch: authorizedFetch(source, options),
    timing,
    serverClock: source.serverClock,
    redact: (text: string) => source.redact(text),
    timeoutMs: options.requestTimeoutMs ?? REQUEST_TIMEOUT_MS,
  }
  // A device may boot in 1970: until the server's time is known, only the server checks for times
  // in the future.
  const stampClock = stampClockOf(source, options)
  const prepare = (data: Reading, more: { requestId?: string | undefined; keyed?: boolean }) => {
    const { isKnown, nowMs, aheadMs } = stampClock.trueTime()
    const times = { nowMs: isKnown ? nowMs : Infinity, aheadMs, stampMs: nowMs }
    return prepareReport(data, { ...times, validation, ...more })
  }
  const retry = retryWith({ ...DEFAULT_RETRY, ...options.retry }, timing)
  return {
    now: () => new Date(stampClock.trueTime().nowMs),
    fetch: belowBase(deps.apiUrl, deps.fetch),
    assets: {
      ...createReader(deps, retry),
      async track(data, { requestId, signal } = {}) {
        const report = prepare(data, { requestId })
        const stamps = new Stamps(stampClock)
        if (data.timestamp === undefined) stamps.stamped(report)
        const send = (one: AbortSignal) => sendStamped(report, stamps, deps, one)
        return retry(send, signal)
      },
      async trackText(body, { requestId: request_id = crypto.randomUUID(), signal } = {}) {
        assertRequestId(request_id)
        const report = { request_id, body }
        return retry((one) => sendReport(report, deps, one), signal)
      },
      async trackTexts(texts, { requestId = crypto.randomUUID(), ids, signal } = {}) {
        assertRequestId(requestId)
        const sent = { requestId, ids }
        return retry((one) => sendTexts(texts, sent, deps, one), signal)
      },
      buffer(settings = {}) {
        const { onTimeMoved } = settings
        const stamps = new Stamps(stampClock, (report, sent) =>
          quietly(() => onTimeMoved?.(report, sent)),
        )
        const prepareKeyed = (data: Reading) => {
          const report = prepare(data, { keyed: true })
          if (data.timestamp === undefined) stamps.stamped(report)
          return report
        }
        const deliver = createDeliver(deps, stamps)
        return new ReportBuffer(withDefaults(settings), { prepare: prepareKeyed, deliver, timing })
      },
    },
  }
}

function stampClockOf(source: TokenSource, { clock = systemClock }: ModularIoTOptions): StampClock {
  const { serverClock } = source
  return {
    monotonicMs: () => clock.monotonicMs(),
    trueTime: () => ({
      isKnown: serverClock.isKnown,
      nowMs: serverClock.nowMs(),
      aheadMs: Math.max(0, -serverClock.skewMs),
    }),
    // Its failure comes up again, with the request.
    learn: async () => void (await source.token().catch(() => undefined)),
  }
}

function belowBase(apiUrl: string, fetch: typeof globalThis.fetch): typeof globalThis.fetch {
  return (input, init) => {
    const isPath = typeof input === 'string' && !URL.canParse(input)
    return fetch(isPath ? `${apiUrl}/${input.replace(/^\/+/, '')}` : input, init)
  }
}

function authorizedFetch(source: TokenSource, options: ModularIoTOptions) {
  const { apiUrl, fetch, clock, allowInsecureRequests } = options
  return createAuthorizedFetch(source, {
    origins: apiUrl,
    ...(fetch && { fetch }),
    ...(clock && { clock }),
    ...(allowInsecureRequests && { allowInsecureRequests }),
  })
}

/** Reads the environment of a process, or the bindings of a worker. */
export const ModularIoT = {
  /**
   * @param options override the environment.
   * @throws ConfigError that lists everything missing.
   */
  fromEnv(
    environment: Environment = globalThis.process?.env ?? {},
    options: Partial<ModularIoTOptions> = {},
  ): ModularIoT {
    return fromSettings(environment, null, options)
  },
}

export function fromSettings(
  environment: Environment,
  readFile: ((path: string) => string) | null,
  options: Partial<ModularIoTOptions>,
): ModularIoT {
  // settingsFrom ensures that nothing is missing.
  const settings = settingsFrom(environment, readFile, options)
  return createClient({ ...settings, ...options } as ModularIoTOptions)
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

/** A batch of the largest reports plus their ids must fit the server's limits. */
const LIMITS = {
  maxBatchItems: MAX_BATCH_ITEMS,
  maxBatchBytes: MAX_BATCH_BYTES / 2,
  maxQueuedItems: Number.MAX_SAFE_INTEGER,
  maxQueuedBytes: Number.MAX_SAFE_INTEGER,
}
