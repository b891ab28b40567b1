/** Renders what `/people/v1` throws: problem details (RFC 9457), as the admin API does. */

import { logRefused } from '@modulariot/platform/http'
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { PEOPLE_ERRORS, PeopleError } from '../../people/people-error.ts'
import { handleAdminError, PROBLEM_TYPE, problemBody } from '../admin/problem.ts'

const RETRY_AFTER_SECONDS = 5

export function handlePeopleError(
  error: FastifyError,
  request: FastifyRequest,
  reply: FastifyReply,
) {
  if (!(error instanceof PeopleError)) return handleAdminError(error, request, reply)
  const { code, message: detail, retryAfterSeconds } = error
  const { status, title } = PEOPLE_ERRORS[code]
  logRefused(request, { kind: code }, { status })
  if (status === 429) reply.header('retry-after', retryAfterSeconds ?? RETRY_AFTER_SECONDS)
  return reply
    .code(status)
    .header('cache-control', 'no-store')
    .type(PROBLEM_TYPE)
    .send(problemBody({ status, code, title, detail }, request.id))
}
