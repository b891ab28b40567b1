/** A request in which a client proves itself: its parameters, proof and origin. */

import {
  malformedRequest,
  type Parameters,
  queryHoldsParameters,
  type Refusal,
} from '@modulariot/oauth/protocol'
import { clientAddress, logWouldBeRefused } from '@modulariot/platform/http'
import type { FastifyRequest } from 'fastify'
import type { Caller } from '../clients/identify.ts'
import { parametersOf, type RequestBody } from './request-body.ts'

export type ClientRequest = FastifyRequest<{ Body: RequestBody | undefined }>

export interface ClientCall {
  readonly parameters: Parameters
  readonly authorization: string | undefined
  readonly caller: Caller
  /** Called with each refusal by a policy in `observe` mode. */
  readonly observe: (refusal: Refusal) => void
}

/** @throws OAuthError `invalid_request`, or JsonBodyError. */
export function readClientCall(request: ClientRequest): ClientCall {
  // URLs end up in logs on the way (RFC 6749 §2.3.1).
  const query = request.url.indexOf('?')
  if (query !== -1 && queryHoldsParameters(request.url.slice(query + 1))) {
    throw malformedRequest('Send the parameters in the body, not in the query')
  }
  return {
    parameters: parametersOf(request.body),
    authorization: request.headers.authorization,
    caller: { address: clientAddress(request), user_agent: request.headers['user-agent'] ?? null },
    observe: (reason) => logWouldBeRefused(request, reason),
  }
}
