/**
 * Turns one `asset/track` request into one durable observation, once, however often it is retried.
 * Of HTTP it knows only the two documented headers.
 */

import type { AccessTokenClaims } from '@modulariot/oauth/protocol'
import { decodeUtf8, JsonBodyError } from '@modulariot/platform/json'
import { ApiError, ValidationError } from '../errors/api-error.ts'
import type { ClientBudget } from '../limits/client-budget.ts'
import type { Observation, SealedObservations } from '../store/store.ts'
import type { CommitQueue } from './commit-queue.ts'
import { HEAVY_BYTES, type HeavyReader } from './heavy-reader.ts'
import { type BareOrigin, type ReadOptions, type ReadReport, readReport } from './read-report.ts'
import { bytesUpTo, type ReportBody } from './report-body.ts'
import { checkHeaders, type SentHeaders } from './request-headers.ts'

export interface TrackRequest {
  readonly claims: AccessTokenClaims
  readonly headers: SentHeaders
  /** Verifies the token again. Runs right before the observation is queued. @throws OAuthError */
  readonly confirm: () => Promise<void>
  /** The memory of a large body is transferred to another thread, so it is empty afterwards. */
  readonly body: ReportBody
}

export interface IngestDeps {
  readonly queue: Pick<CommitQueue, 'commit' | 'hold' | 'assertRoom'>
  /** Parses large bodies. */
  readonly heavy: Pick<HeavyReader, 'read' | 'readBatch'>
  readonly budget: Pick<ClientBudget, 'assertWithin' | 'charge'>
  /** Unix milliseconds. */
  readonly now: () => number
  /**
   * What is accepted: `lenient` also reports without the two headers, and what `ReadOptions` says.
   */
  readonly validation: ReadOptions['validation']
}

/** The result of an accepted report. */
export interface Kept {
  /** True when an earlier try of the same request was already stored. */
  readonly replayed: boolean
  /** The id it is stored under. */
  readonly request_id: string
  /** By path, like faults; empty unless unknown keys are accepted. */
  readonly warnings: Readonly<Record<string, string>>
}

/**
 * @throws ValidationError with all faults; JsonBodyError; ApiError 409 for a request id used for
 *   the same asset with another body, 429 when the queue is full, too many large bodies wait or the
 *   client has spent its budget; StoreUnavailable; what `confirm` throws.
 */
export async function ingest(request: TrackRequest, deps: IngestDeps): Promise<Kept> {
  const { claims, body } = request
  const received_ms = deps.now()
  // 1. Are the headers and the report valid?
  const headers = checkHeaders(request.headers, received_ms, deps.validation)
  const origin = originOf(claims, 'errors' in headers ? null : headers.request_id, received_ms)
  const reading = readAnywhere(body, origin, deps)
  const read = reading instanceof Promise ? await reading : reading
  if (read.kind === 'unreadable') throw new JsonBodyError(read.message)
  if (read.kind === 'faulty' || 'errors' in headers) {
    throw new ValidationError({
      ...('errors' in headers && headers.errors),
      ...(read.kind === 'faulty' && read.errors),
    })
  }
  // 2. Is the token still valid?
  await request.confirm()
  // 3. Store it.
  const outcome = await deps.queue.commit(read.observation)
  // 4. Is it a retry, or a reused id?
  if (outcome === 'conflict') throw reusedRequestId()
  const { request_id, warnings } = read
  return { replayed: outcome === 'replayed', request_id, warnings }
}

/**
 * Parses a small report here and a large one on the thread. Synchronous for a small uncompressed
 * one.
 */
function readAnywhere(
  body: ReportBody,
  origin: BareOrigin,
  { heavy, validation }: IngestDeps,
): ReadReport | Promise<ReadReport<Observation | SealedObservations>> {
  const options = { validation }
  const read = (bytes: Buffer | null) =>
    bytes === null
      ? heavy.read(body, origin, options)
      : readReport(decodeUtf8(bytes), origin, options)
  const bytes = bytesUpTo(HEAVY_BYTES, body)
  return bytes instanceof Promise
    ? bytes.then<ReadReport<Observation | SealedObservations>>(read)
    : read(bytes)
}

/** The origin of the first report of a request. */
export function originOf(
  { org_id, environment, client_id }: AccessTokenClaims,
  request_id: string | null,
  received_ms: number,
): BareOrigin {
  return { org_id, environment, client_id, request_id, item: 0, received_ms }
}

export function reusedRequestId(): ApiError {
  return new ApiError(
    409,
    'X-Request-Id already used',
    'A request with this X-Request-Id and a different body was already accepted for this asset_id; use a new id for new data',
  )
}
