/**
 * One `asset/track` request becomes one durable observation, once, whatever is sent how often.
 * Nothing about HTTP but the two header values that are part of the documented contract.
 */

import { hash } from 'node:crypto'
import type { AccessTokenClaims } from '@modulariot/oauth/protocol'
import { trimJson } from '@modulariot/platform/http'
import {
  type AssetTrackingData,
  parseTimestamp,
  validateAssetTrackingData,
} from '@modulariot/telemetry'
import { ApiError, ValidationError } from '../api-error.ts'
import type { Observation } from '../store/store.ts'
import type { CommitQueue } from './commit-queue.ts'
import { checkHeaders, type SentHeaders } from './request-headers.ts'
import { takeApart } from './take-apart.ts'

/** Of one report as it is sent, alone or in a batch. */
export const MAX_REPORT_BYTES = 1024 ** 2

export interface TrackRequest {
  readonly claims: AccessTokenClaims
  readonly headers: SentHeaders
  /** Is the token still good? Runs right before anything is queued. @throws OAuthError */
  readonly confirm: () => Promise<void>
  /** The body as text, and what it parses to. */
  readonly text: string
  readonly body: unknown
}

export interface IngestDeps {
  readonly queue: Pick<CommitQueue, 'commit' | 'hold' | 'assertRoom'>
  /** Unix milliseconds. */
  readonly now: () => number
  /** What becomes of a report with a metric key nobody knows: refused, or kept with a warning. */
  readonly unknownKeys: 'strict' | 'lenient'
}

/** What became of a report that was kept. */
export interface Kept {
  /** An earlier try of the same request had been stored already. */
  readonly replayed: boolean
  /** By path, as the faults are; empty unless unknown keys are let in. */
  readonly warnings: Readonly<Record<string, string>>
}

/**
 * @throws ValidationError with every fault; ApiError 409 for a request id used with another body; what
 *   `confirm` throws.
 */
export async function ingest(request: TrackRequest, deps: IngestDeps): Promise<Kept> {
  const { claims, text } = request
  const received_ms = deps.now()
  // 1. Is all of it as documented?
  const headers = checkHeaders(request.headers, received_ms)
  const validation = validateAssetTrackingData(request.body, {
    nowMs: received_ms,
    unknownKeys: deps.unknownKeys,
  })
  if (!validation.ok || 'errors' in headers) {
    throw new ValidationError({
      ...('errors' in headers && headers.errors),
      ...(!validation.ok && validation.errors),
    })
  }
  // 2. May its sender still report?
  await request.confirm()
  // 3. Keep it.
  const { data, warnings } = validation
  const { request_id } = headers
  const outcome = await deps.queue.commit(
    observationOf(data, { claims, request_id, item: 0, text, received_ms }),
  )
  // 4. Was it here before?
  if (outcome === 'conflict') throw reusedRequestId()
  return { replayed: outcome === 'replayed', warnings }
}

/** Whose report it is, which, when it came and how it was written. */
export interface Origin extends Pick<Observation, 'request_id' | 'item' | 'received_ms'> {
  readonly claims: AccessTokenClaims
  readonly text: string
}

/**
 * The white space around a report is not part of it: a line that is sent alone ends with a newline, the
 * same line in a batch does not.
 *
 * @param data has been validated.
 */
export function observationOf(data: AssetTrackingData, origin: Origin): Observation {
  const { claims, text: sent, ...rest } = origin
  const text = trimJson(sent)
  return {
    org_id: claims.org_id,
    environment: claims.environment,
    client_id: claims.client_id,
    ...rest,
    body_digest: hash('sha256', text, 'buffer'),
    asset_id: data.asset_id,
    type: data.type ?? null,
    timestamp_ms: parseTimestamp(data.timestamp) as number,
    payload: text,
    ...takeApart(data, text),
  }
}

export function reusedRequestId(): ApiError {
  return new ApiError(
    409,
    'X-Request-Id was used before',
    'A request with this X-Request-Id and another body has been accepted; use a new id for new data',
  )
}
