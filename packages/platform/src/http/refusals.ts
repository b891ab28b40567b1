/**
 * Refusals sent before any application is involved: for a path without a route, or one that cannot
 * be decoded. Below an application's prefix they have its format, elsewhere that of RFC 6749 §5.2.
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
    const own = applications.find(({ refusals }) =>
      refusals?.below.some((path) => url.startsWith(path)),
    )
    reply.code(status).header('cache-control', 'no-store')
    if (own?.refusals?.type !== undefined) reply.type(own.refusals.type)
    reply.send(own?.refusals?.body(refusal, id) ?? { error, error_description })
  }
}
