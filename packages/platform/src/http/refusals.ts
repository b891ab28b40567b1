/**
 * Refusals that no application has a part in: a path that nobody serves or nobody can read, a server that is
 * closing. Below a path that is an application's own they have its shape, else that of RFC 6749 §5.2.
 */

import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Application, Refusal } from './application.ts'

export type Refuse = (request: FastifyRequest, reply: FastifyReply, refusal: Refusal) => void

export function refusalsOf(applications: readonly Application[]): Refuse {
  return ({ url }, reply, refusal) => {
    const { status, error, error_description } = refusal
    const own = applications.find(({ refusals }) => refusals && url.startsWith(refusals.below))
    reply.code(status).header('cache-control', 'no-store')
    reply.send(own?.refusals?.body(refusal) ?? { error, error_description })
  }
}
