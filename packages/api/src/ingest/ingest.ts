/**
 * One `asset/track` request becomes one durable observation, once, whatever is sent how often.
 * Nothing about HTTP but the two header values that are part of the documented contract.
 */

import type { AccessTokenClaims } from '@modulariot/oauth/protocol'
import { decodeUtf8, JsonBodyError } from '@modulariot/platform/json'
import { ApiError, ValidationError } from '../errors/api-error.ts'
import type { ClientBudget } from '../limits/client-budget.ts'
import type { Observation, SealedObservations } from '../store/store.ts'
import type { CommitQueue } from './commit-queue.ts'
import { HEAVY_BYTES, type HeavyReader } from './heavy-reader.ts'
import { type Origin, type ReadOptions, type ReadReport, readReport } from './read-report.ts'
import { bytesUpTo, type ReportBody } from './report-body.ts'
import { checkHeaders, type SentHeaders } from './request-headers.ts'

export interface TrackRequest {
  readonly claims: AccessTokenClaims
  readonly headers: SentHeaders
  /** Is the token still good? Runs right before anything is queued. @throws OAuthError */
  readonly confirm: () => Promise<void>
  /** A large one is moved to another thread, and empty afterwards. */
  readonly body: ReportBody
}

export interface IngestDeps {
  readonly queue: Pick<CommitQueue, 'commit' | 'hold' | 'assertRoom'>
  /** Where large bodies are read. */
  readonly heavy: Pick<HeavyReader, 'read' | 'readBatch'>
  readonly budget: Pick<ClientBudget, 'assertWithin' | 'charge'>
  /** Unix milliseconds. */
  readonly now: () => number
  /** What becomes of a report with a metric key nobody knows: refused, or kept with a warning. */
  readonly unknownKeys: ReadOptions['unknownKeys']
}

/** What became of a report that was kept. */
export interface Kept {
  /** An earlier try of the same request had been stored already. */
  readonly replayed: boolean
  /** By path, as the faults are; empty unless unknown keys are let in. */
  readonly warnings: Readonly<Record<string, string>>
}

/**
 * @throws ValidationError with every fault; JsonBodyError; ApiError 409 for a request id used with
 *   another body, 429 when more large bodies wait than can be read, or the client has had its
 *   share; what `confirm` throws.
 */
export async function ingest(request: TrackRequest, deps: IngestDeps): Promise<Kept> {
  const { claims, body } = request
  const received_ms = deps.now()
  // 1. Is all of it as documented?
  const headers = checkHeaders(request.headers, received_ms)
  const origin = originOf(claims, 'errors' in headers ? '' : headers.request_id, received_ms)
  const reading = readAnywhere(body, origin, deps)
  const read = reading instanceof Promise ? await reading : reading
  if (read.kind === 'unreadable') throw new JsonBodyError(read.message)
  if (read.kind === 'faulty' || 'errors' in headers) {
    throw new ValidationError({
      ...('errors' in headers && headers.errors),
      ...(read.kind === 'faulty' && read.errors),
    })
  }
  // 2. May its sender still report?
  await request.confirm()
  // 3. Keep it.
  const outcome = await deps.queue.commit(read.observation)
  // 4. Was it here before?
  if (outcome === 'conflict') throw reusedRequestId()
  return { replayed: outcome === 'replayed', warnings: read.warnings }
}

/** At once where the report is small, as it is. */
function readAnywhere(
  body: ReportBody,
  origin: Origin,
  { heavy, unknownKeys }: IngestDeps,
): ReadReport | Promise<ReadReport<Observation | SealedObservations>> {
  const options = { unknownKeys }
  const read = (bytes: Buffer | null) =>
    bytes === null
      ? heavy.read(body, origin, options)
      : readReport(decodeUtf8(bytes), origin, options)
  const bytes = bytesUpTo(HEAVY_BYTES, body)
  return bytes instanceof Promise
    ? bytes.then<ReadReport<Observation | SealedObservations>>(read)
    : read(bytes)
}

/** Of the first report of a request. */
export function originOf(
  { org_id, environment, client_id }: AccessTokenClaims,
  request_id: string,
  received_ms: number,
): Origin {
  return { org_id, environment, client_id, request_id, item: 0, received_ms }
}

export function reusedRequestId(): ApiError {
  return new ApiError(
    409,
    'X-Request-Id already used',
    'A request with this X-Request-Id and a different body was already accepted; use a new id for new data',
  )
}
