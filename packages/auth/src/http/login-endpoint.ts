/** The token endpoint, for both faces: read the request, run the grant, send. */

import { parseTokenRequest, rateLimitHeaders } from '@modulariot/oauth/protocol'
import type { FastifyReply } from 'fastify'
import { clientCredentials, type GrantDeps } from '../grants/client-credentials.ts'
import { type ClientRequest, readClientCall } from './client-call.ts'

export function loginEndpoint(deps: GrantDeps) {
  return async (request: ClientRequest, reply: FastifyReply) => {
    const { parameters, authorization, caller, observe } = readClientCall(request)
    const asked = parseTokenRequest(parameters, authorization)
    const { token, limits } = await clientCredentials({ ...asked, ...caller, observe }, deps)
    reply.headers(rateLimitHeaders(limits))
    return token
  }
}
