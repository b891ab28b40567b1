/** The token endpoint, for both faces: read the request, run the grant, respond. */

import { parseTokenRequest, rateLimitHeaders } from '@modulariot/oauth/protocol'
import { createTurn } from '@modulariot/platform/turns'
import type { FastifyReply } from 'fastify'
import { clientCredentials, type GrantDeps } from '../grants/client-credentials.ts'
import { type ClientRequest, readClientCall } from './client-call.ts'

/** They take about two milliseconds, in which no other request runs. */
const LOGINS_IN_A_TURN = 32

export function loginEndpoint(deps: GrantDeps) {
  const turn = createTurn(LOGINS_IN_A_TURN, setImmediate)
  return async (request: ClientRequest, reply: FastifyReply) => {
    await turn()
    const { parameters, authorization, caller, observe } = readClientCall(request)
    const tokenRequest = parseTokenRequest(parameters, authorization)
    const { token, limits } = await clientCredentials({ ...tokenRequest, ...caller, observe }, deps)
    reply.headers(rateLimitHeaders(limits))
    return token
  }
}
