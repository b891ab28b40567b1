/** The token endpoint, for both faces: read the request, run the grant, send. */

import {
  malformedRequest,
  parseTokenRequest,
  queryHoldsParameters,
  rateLimitHeaders,
} from '@modulariot/oauth/protocol'
import { clientAddress } from '@modulariot/platform/http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { clientCredentials, type GrantDeps, type TokenCall } from '../grants/client-credentials.ts'
import { parametersOf, type RequestBody } from './request-body.ts'

export function loginEndpoint(deps: GrantDeps) {
  return async (
    request: FastifyRequest<{ Body: RequestBody | undefined }>,
    reply: FastifyReply,
  ) => {
    // Whatever stands in a URL is written to logs on the way (RFC 6749 §2.3.1).
    const query = request.url.indexOf('?')
    if (query !== -1 && queryHoldsParameters(request.url.slice(query + 1))) {
      throw malformedRequest('Send the parameters in the body, never in the query')
    }
    const parameters = parametersOf(request.body)
    const call: TokenCall = {
      ...parseTokenRequest(parameters, request.headers.authorization),
      address: clientAddress(request),
      user_agent: request.headers['user-agent'] ?? null,
      observe: (reason) => request.log.warn({ reason }, 'would be refused'),
    }
    const { token, limits } = await clientCredentials(call, deps)
    reply.headers(rateLimitHeaders(limits))
    return token
  }
}
