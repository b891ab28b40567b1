/** The token endpoint, for both faces: read the request, run the grant, send. */

import {
  malformedRequest,
  parseTokenRequest,
  queryHoldsParameters,
} from '@modulariot/oauth/protocol'
import type { FastifyRequest } from 'fastify'
import { clientCredentials, type GrantDeps } from '../grants/client-credentials.ts'
import { parametersOf, type RequestBody } from './request-body.ts'

export function loginEndpoint(deps: GrantDeps) {
  return async (request: FastifyRequest<{ Body: RequestBody | undefined }>) => {
    // Whatever stands in a URL is written to logs on the way (RFC 6749 §2.3.1).
    const query = request.url.indexOf('?')
    if (query !== -1 && queryHoldsParameters(request.url.slice(query + 1))) {
      throw malformedRequest('Send the parameters in the body, never in the query')
    }
    const parameters = parametersOf(request.body)
    return clientCredentials(parseTokenRequest(parameters, request.headers.authorization), deps)
  }
}
