/** A request that was refused, as it may be kept and shown. */

import type { FastifyRequest } from 'fastify'
import { clientAddress } from './client-address.ts'
import type { LoggedReason } from './request-log.ts'

export interface RefusedRequest {
  readonly reason: LoggedReason
  /** Of the response. */
  readonly status: number
  /** Method and route, never the path as sent. */
  readonly endpoint: string
  readonly address: string
  /** As sent. */
  readonly user_agent: string | null
  readonly request_id: string
}

export function refusedRequest(
  request: FastifyRequest,
  reason: LoggedReason,
  status: number,
): RefusedRequest {
  return {
    reason,
    status,
    endpoint: `${request.method} ${request.routeOptions.url}`,
    address: clientAddress(request),
    user_agent: request.headers['user-agent'] ?? null,
    request_id: request.id,
  }
}
