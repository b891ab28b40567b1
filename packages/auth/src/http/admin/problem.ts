/** Renders what the admin API throws: problem details (RFC 9457). */

import { bearerChallenge, isAboutToken, OAuthError } from '@modulariot/oauth/protocol'
import {
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

export function handleAdminError(
  error: FastifyError,
  request: FastifyRequest,
  reply: FastifyReply,
) {
  const { status, code, title, detail } = problemOf(error)
  if (status >= 500) request.log.error({ err: error }, 'failed')
  else request.log.info({ status, reason: loggedReason(error, code) }, 'refused')
  reply.header('cache-control', 'no-store')
  if (isAboutToken(error)) {
    reply.header('www-authenticate', bearerChallenge(error, { realm: 'ModularIoT admin API' }))
  }
  if (error instanceof MethodNotAllowed) reply.header('allow', error.allow)
  if (status === 503 || status === 429) reply.header('retry-after', RETRY_AFTER_SECONDS)
  return reply
    .code(status)
    .type(PROBLEM_TYPE)
    .send(bodyOf({ status, code, title, detail }, request.id))
}

export const PROBLEM_TYPE = 'application/problem+json'

function bodyOf({ status, code, title, detail }: Problem, request_id: string) {
  return { type: `urn:modulariot:problem:${code}`, title, status, detail, request_id }
}

/** For requests that reach no route of the admin API, which the handler above does not see. */
export function unroutedProblem(refusal: UnroutedRefusal, request_id: string) {
  const { status, error: code, error_description: detail } = refusal
  const title = { 404: 'Not found', 503: 'Try again later' }[status] ?? 'Bad request'
  return bodyOf({ status, code, title, detail }, request_id)
}

const TITLES = {
  invalid_input: 'Invalid request',
  forbidden: 'The token does not allow this',
  not_found: 'Not found',
  conflict: 'Conflicts with the current state',
  precondition_failed: 'Modified since it was read',
  too_many_requests: 'Too many requests',
} as const

const TRANSPORT: Readonly<Record<number, string>> = {
  413: 'The body is too large',
  415: 'Send the body as application/json',
}

function problemOf(error: FastifyError): Problem {
  if (error instanceof AdminError) {
    const { code, message } = error
    // The message repeats the id from the path; the response has only a fixed text.
    const detail = code === 'not_found' ? 'There is no such client or secret' : message
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
function loggedReason(error: FastifyError, code: string): unknown {
  return error instanceof OAuthError ? error.reason : { kind: code }
}
