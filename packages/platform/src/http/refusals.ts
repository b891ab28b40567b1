/**
 * Refusals that no application has a part in: a path that nobody serves or nobody can read. Below a
 * path that is an application's own they have its shape, else that of RFC 6749 §5.2.
 */

import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Application, UnroutedRefusal } from './application.ts'

export type Refuse = (
  request: FastifyRequest,
  reply: FastifyReply,
  refusal: UnroutedRefusal,
) => void

export function refusalsOf(applications: readonly Application[]): Refuse {
  return ({ url, id }, reply, refusal) => {
    const { status, error, error_description } = refusal
    const own = applications.find(({ refusals }) => refusals && url.startsWith(refusals.below))
    reply.code(status).header('cache-control', 'no-store')
    if (own?.refusals?.type !== undefined) reply.type(own.refusals.type)
    reply.send(own?.refusals?.body(refusal, id) ?? { error, error_description })
  }
}
