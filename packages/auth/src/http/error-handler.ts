/**
 * Renders what the routes of ModularIoT Auth throw, except the admin API (`admin/problem.ts`).
 *
 * Errors are decided in the standard's words. The documented face (`/api/v1/login`) words some of
 * them differently: see `errors/documented-answer.ts`.
 */

import {
  bearerChallenge,
  isAboutToken,
  OAuthError,
  type Refusal,
  rateLimitHeaders,
} from '@modulariot/oauth/protocol'
import {
  logFailed,
  logRefused,
  MethodNotAllowed,
  type RefusedRequest,
  refusedRequest,
  UnsupportedCoding,
} from '@modulariot/platform/http'
import { JsonBodyError } from '@modulariot/platform/json'
import { StoreUnavailable } from '@modulariot/platform/storage'
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { documentedAnswer, type OAuthAnswer } from '../errors/documented-answer.ts'
import { loggableReason } from './loggable-reason.ts'

/** `standard` speaks RFC 6749, `documented` the published ModularIoT documents. */
export type Face = 'standard' | 'documented'

const RETRY_AFTER_SECONDS = 5

const REALM = 'ModularIoT Auth'

/** The wire form of an error. An unexpected error reveals only that it happened. */
export function answerFor(error: unknown, face: Face): OAuthAnswer {
  const { status, error: code, error_description, reason } = toOAuthError(error)
  const answer = { status, error: code, error_description }
  return face === 'documented' ? documentedAnswer(answer, reason.kind) : answer
}

/** The true reason of a refusal, for any thrown value. */
export function refusalOf(error: unknown): Refusal {
  return toOAuthError(error).reason
}

/** The refusal as it may be kept; null for what is not the caller's doing. */
export function refusedOf(error: unknown, request: FastifyRequest): RefusedRequest | null {
  const { status } = answerFor(error, request.routeOptions.config.face ?? 'standard')
  if (status >= 500) return null
  return refusedRequest(request, loggableReason(refusalOf(error)), status)
}

export function handleError(error: FastifyError, request: FastifyRequest, reply: FastifyReply) {
  const face = request.routeOptions.config.face ?? 'standard'
  const { status, ...body } = answerFor(error, face)
  const reason = refusalOf(error)
  const logged = loggableReason(reason)
  // A failure of the client's host, not of ours. Anyone who knows the client_id can cause it: one
  // line.
  if (reason.kind === 'unavailable' && reason.detail === 'jwks_uri') {
    request.log.warn({ status, reason, detail: (error as Error).message }, 'failed')
  } else if (status >= 500) logFailed(request, error, { reason: logged })
  // The failures that spent the budget are logged already; a flood must not fill the log.
  else if (reason.kind === 'too_many_failures') request.log.debug({ status, reason }, 'refused')
  else logRefused(request, logged, { status })
  const challenge = challengeFor(error, status, request)
  if (challenge !== null) reply.header('www-authenticate', challenge)
  reply.header('cache-control', 'no-store')
  if (status === 503) reply.header('retry-after', RETRY_AFTER_SECONDS)
  if ('retry_after_seconds' in reason) reply.header('retry-after', reason.retry_after_seconds)
  if ('limits' in reason) reply.headers(rateLimitHeaders(reason.limits))
  if (error instanceof MethodNotAllowed) reply.header('allow', error.allow)
  return reply.code(status).send(body)
}

/**
 * Every 401 has one (RFC 9110 §15.5.2): Bearer for routes that take a token (RFC 6750 §3),
 * otherwise Basic, also for a client that tried another method.
 */
function challengeFor(error: unknown, status: number, request: FastifyRequest): string | null {
  if (request.routeOptions.config.bearer) {
    return isAboutToken(error) ? bearerChallenge(error, { realm: REALM }) : null
  }
  return status === 401 ? `Basic realm="${REALM}", charset="UTF-8"` : null
}

/** Texts for what Fastify refuses before our code runs. */
const TRANSPORT_ERRORS: Readonly<Record<number, string>> = {
  413: 'The body is larger than 16 KiB',
  415: 'Send the parameters as application/x-www-form-urlencoded or application/json',
}

function toOAuthError(error: unknown): OAuthError {
  if (error instanceof OAuthError) return error
  if (error instanceof StoreUnavailable) {
    return new OAuthError('temporarily_unavailable', 'Temporarily unavailable', 503, {
      kind: 'unavailable',
      detail: 'store',
    })
  }
  const malformed = { kind: 'malformed_request' } as const
  if (error instanceof JsonBodyError) {
    return new OAuthError('invalid_request', error.message, 400, malformed)
  }
  const status = statusCodeOf(error)
  if (status >= 400 && status < 500) {
    const ours = error instanceof MethodNotAllowed || error instanceof UnsupportedCoding
    const message = ours ? error.message : TRANSPORT_ERRORS[status]
    return new OAuthError(
      'invalid_request',
      message ?? 'The request is malformed',
      status,
      malformed,
    )
  }
  return new OAuthError(
    'server_error',
    'Unexpected server error; the request is not at fault',
    500,
    {
      kind: 'unavailable',
      detail: 'unexpected',
    },
  )
}

function statusCodeOf(error: unknown): number {
  if (typeof error !== 'object' || error === null || !('statusCode' in error)) return 500
  return typeof error.statusCode === 'number' ? error.statusCode : 500
}

declare module 'fastify' {
  interface FastifyContextConfig {
    face?: Face
    /** The route takes a token (RFC 6750), not a client's own credentials. */
    bearer?: true
  }
}
