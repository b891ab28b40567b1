/**
 * Sends many reports in one request, `POST /v1/asset/track/batch`, or one by one if the server has
 * no batches.
 *
 * Each report carries its `idempotency_key`, so that reports kept from a batch whose answer was
 * lost are not kept twice, whether the rest is batched differently the next time or sent alone.
 */

import type { Redact } from '../request/details.ts'
import { RefusedError } from '../request/refused-error.ts'
import { isRetryable } from '../request/retries.ts'
import type { ApiAnswer, ApiDeps } from '../request/send.ts'
import type { Timing } from '../timing/timing.ts'
import { errorOf } from './answer.ts'
import { ValidationError } from './errors.ts'
import { post } from './post.ts'
import type { Report } from './report.ts'
import { onlyFromFuture, type Stamps } from './stamps.ts'
import { sendReport } from './track.ts'

export type Settled =
  | { readonly kind: 'kept'; readonly replayed: boolean }
  /** The server will never accept this report. */
  | { readonly kind: 'refused'; readonly error: Error }

export interface Delivery {
  /** Of the first reports, in order. */
  readonly settled: readonly Settled[]
  /** Why it stops there; null when all are settled. */
  readonly failure: Error | null
}

interface Attempt extends Delivery {
  /** Refused for nothing but times in the future; the first of them is the first not settled. */
  readonly fromFuture?: readonly Report[]
}

export type Deliver = (reports: readonly Report[], signal: AbortSignal) => Promise<Delivery>

/** Status codes of a server without batches. */
const NO_BATCHES = new Set([404, 405, 501])

/** Servers are updated while devices run. */
const TRY_BATCHES_AGAIN_MS = 3_600_000

/** @returns a function that remembers for an hour that the server has no batches. */
export function createDeliver(
  deps: ApiDeps & { readonly timing: Timing },
  stamps: Stamps,
): Deliver {
  let batchesFromMs = Number.NEGATIVE_INFINITY
  return async (reports, signal) => {
    const settled: Settled[] = []
    for (;;) {
      const rest = reports.slice(settled.length)
      const current = await stamps.current(rest)
      const attempt = await deliverOnce(current, signal)
      stamps.settled(rest.slice(0, attempt.settled.length))
      settled.push(...attempt.settled)
      const refused = new Set(attempt.fromFuture)
      const fromFuture = rest.filter((_, index) => refused.has(current[index] as Report))
      // With another time they are sent again at once; otherwise they are kept, and retried.
      if (fromFuture.length === 0 || !stamps.move(fromFuture)) {
        return { settled, failure: attempt.failure }
      }
    }
  }

  async function deliverOnce(reports: readonly Report[], signal: AbortSignal): Promise<Attempt> {
    if (reports.length > 1 && deps.timing.now() >= batchesFromMs) {
      const delivery = await sendBatch(reports, deps, signal)
      if (delivery !== 'no batches') return delivery
      batchesFromMs = deps.timing.now() + TRY_BATCHES_AGAIN_MS
    }
    return sendOneByOne(reports, deps, signal)
  }
}

async function sendBatch(
  reports: readonly Report[],
  deps: ApiDeps,
  signal: AbortSignal,
): Promise<Attempt | 'no batches'> {
  let answer: ApiAnswer
  try {
    answer = await post(
      {
        path: '/v1/asset/track/batch',
        requestId: crypto.randomUUID(),
        contentType: 'application/x-ndjson',
        body: reports.map(({ body }) => `${body}\n`).join(''),
        signal,
      },
      deps,
    )
  } catch (error) {
    return { settled: [], failure: error as Error }
  }
  if (NO_BATCHES.has(answer.status)) return 'no batches'
  const results = resultsOf(answer, reports.length)
  if (results !== null) return readResults(results, reports, answer, deps.redact)
  const failure = errorOf(answer, answer.json, deps.redact)
  if (isRetryable(failure) || answer.status === 401 || answer.status === 403) {
    return { settled: [], failure }
  }
  // The whole batch was refused: one report is to blame, or the batch is too large for a proxy.
  return sendOneByOne(reports, deps, signal)
}

/** The status the report would have had alone, with the members of that answer. */
interface ItemResult {
  readonly code?: unknown
  readonly replayed?: unknown
}

function resultsOf({ status, json }: ApiAnswer, count: number): readonly ItemResult[] | null {
  const results = (json as { results?: unknown } | undefined)?.results
  return status === 200 && Array.isArray(results) && results.length === count ? results : null
}

function readResults(
  results: readonly ItemResult[],
  reports: readonly Report[],
  answer: ApiAnswer,
  redact: Redact,
): Attempt {
  const read = results.map((result) => readResult(result, answer, redact))
  const first = read.findIndex((one) => one instanceof Error)
  if (first === -1) return { settled: read as Settled[], failure: null }
  // The following reports are sent again; those already kept are answered as replays.
  const settled = read.slice(0, first) as Settled[]
  const failure = read[first] as Error
  if (!isFromFuture(failure)) return { settled, failure }
  const fromFuture = reports.filter((_, index) => index >= first && isFromFuture(read[index]))
  return { settled, failure, fromFuture }
}

function readResult(result: ItemResult, answer: ApiAnswer, redact: Redact): Settled | Error {
  const { code, replayed } = result
  if (code === 200) return { kind: 'kept', replayed: replayed === true }
  const error = errorOf(
    { ...answer, status: typeof code === 'number' ? code : 503 },
    result,
    redact,
  )
  return isThisReportsFault(error) ? { kind: 'refused', error } : error
}

async function sendOneByOne(
  reports: readonly Report[],
  deps: ApiDeps,
  signal: AbortSignal,
): Promise<Attempt> {
  const settled: Settled[] = []
  for (const report of reports) {
    try {
      const { replayed } = await sendReport(report, deps, signal)
      settled.push({ kind: 'kept', replayed })
    } catch (error) {
      if (isFromFuture(error)) return { settled, failure: error, fromFuture: [report] }
      if (!isThisReportsFault(error)) return { settled, failure: error as Error }
      settled.push({ kind: 'refused', error: error as Error })
    }
  }
  return { settled, failure: null }
}

/**
 * Only these concern the report. A missing route, a proxy, our clock or wrong credentials are no
 * reason to lose readings.
 */
const REPORTS_FAULTS = new Set([400, 409, 413])

/** The clock is at fault: the report is kept, whatever becomes of its time. */
function isFromFuture(error: unknown): error is ValidationError {
  return error instanceof ValidationError && error.status === 400 && onlyFromFuture(error.errors)
}

function isThisReportsFault(error: unknown): boolean {
  if (isFromFuture(error)) return false
  if (!(error instanceof ValidationError || error instanceof RefusedError)) return false
  return error.isFinal && error.status !== null && REPORTS_FAULTS.has(error.status)
}
