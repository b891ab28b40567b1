/** Renders what the admin API throws: problem details (RFC 9457). */

import { bearerChallenge, isAboutToken, OAuthError } from '@modulariot/oauth/protocol'
import {
  type LoggedReason,
  logFailed,
  logRefused,
  MethodNotAllowed,
  type UnroutedRefusal,
  UnsupportedCoding,
} from '@modulariot/platform/http'
import { JsonBodyError } from '@modulariot/platform/json'
import { StoreConflict, StoreUnavailable } from '@modulariot/platform/storage'
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { ADMIN_ERROR_STATUS, AdminError } from '../../errors/admin-error.ts'

interface Problem {
  readonly status: number
  /** Stable for each kind of problem; programs may rely on it. */
  readonly code: string
  readonly title: string
  readonly detail: string
}

const RETRY_AFTER_SECONDS = 5
const REALM = 'ModularIoT admin API'

export function handleAdminError(
  error: FastifyError,
  request: FastifyRequest,
  reply: FastifyReply,
) {
  const { status, code, title, detail } = problemOf(error)
  if (status >= 500) logFailed(request, error)
  else logRefused(request, loggedReason(error, code), { status })
  reply.header('cache-control', 'no-store')
  if (isAboutToken(error)) {
    reply.header('www-authenticate', bearerChallenge(error, { realm: REALM }))
  } else if (status === 401) {
    // RFC 9110 §15.5.2 requires one; there is no scheme for cookies.
    reply.header('www-authenticate', `Bearer realm="${REALM}"`)
  }
  if (error instanceof MethodNotAllowed) reply.header('allow', error.allow)
  if (status === 503 || status === 429) reply.header('retry-after', RETRY_AFTER_SECONDS)
  return reply
    .code(status)
    .type(PROBLEM_TYPE)
    .send(problemBody({ status, code, title, detail }, request.id))
}

export const PROBLEM_TYPE = 'application/problem+json'

export function problemBody({ status, code, title, detail }: Problem, request_id: string) {
  return { type: `urn:modulariot:problem:${code}`, title, status, detail, request_id }
}

/** For requests that reach no route of the admin API, which the handler above does not see. */
export function unroutedProblem(refusal: UnroutedRefusal, request_id: string) {
  const { status, error: code, error_description: detail } = refusal
  const title = { 404: 'Not found', 503: 'Try again later' }[status] ?? 'Bad request'
  return problemBody({ status, code, title, detail }, request_id)
}

const TITLES = {
  invalid_input: 'Invalid request',
  unauthenticated: 'Not signed in',
  forbidden: 'Not allowed',
  insufficient_scope: 'Forbidden',
  cross_site: 'Not from this page',
  not_found: 'Not found',
  conflict: 'Conflicts with the current state',
  precondition_failed: 'Modified since it was read',
  too_many_requests: 'Too many requests',
} as const

const TRANSPORT: Readonly<Record<number, string>> = {
  413: 'The body is too large',
  415: 'Send the body as application/json',
}

export function problemOf(error: FastifyError): Problem {
  if (error instanceof AdminError) {
    const { code, message, publicMessage } = error
    // The message repeats the id from the path; the response has only a fixed text.
    const fixed = code === 'not_found' ? 'There is no such client or secret' : message
    const detail = publicMessage ?? fixed
    return { status: ADMIN_ERROR_STATUS[code], code, title: TITLES[code], detail }
  }
  if (error instanceof OAuthError) {
    const { status, error: code, error_description: detail } = error
    return { status, code, title: status === 401 ? 'Unauthorized' : 'Forbidden', detail }
  }
  if (error instanceof StoreUnavailable) {
    const detail = 'Nothing was changed'
    return { status: 503, code: 'unavailable', title: 'Try again later', detail }
  }
  if (error instanceof StoreConflict) {
    return { status: 409, code: 'conflict', title: TITLES.conflict, detail: 'Nothing was changed' }
  }
  if (error instanceof JsonBodyError) {
    return { status: 400, code: 'invalid_json', title: 'Invalid JSON', detail: error.message }
  }
  const status = error.statusCode ?? 500
  if (status < 400 || status >= 500) {
    const detail = 'Unexpected server error; the request is not at fault'
    return { status: 500, code: 'internal', title: 'Internal error', detail }
  }
  const ours = error instanceof MethodNotAllowed || error instanceof UnsupportedCoding
  const detail = ours ? error.message : TRANSPORT[status]
  return {
    status,
    code: 'malformed',
    title: 'Bad request',
    detail: detail ?? 'The request is malformed',
  }
}

/** For the log: the code without the message, which may repeat what was sent. */
export function loggedReason(error: FastifyError, code: string): LoggedReason {
  return error instanceof OAuthError ? error.reason : { kind: code }
}
