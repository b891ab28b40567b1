/** What the HTTP server serves. */

import type { FastifyInstance } from 'fastify'

/** The refusal of a request that matches no route, in the terms of RFC 6749 §5.2. */
export interface UnroutedRefusal {
  readonly status: number
  readonly error: string
  readonly error_description: string
}

/** A part of the service: its routes and its readiness check. */
export interface Application {
  readonly name: string
  /** Registers hooks, routes and an error handler in a scope of its own. */
  mount(app: FastifyInstance): Promise<void>
  /** How to refuse a request that matches no route below these paths. */
  readonly refusals?: {
    readonly below: readonly `/${string}/`[]
    /** Media type of the body. Default: `application/json`. */
    readonly type?: string
    body(refusal: UnroutedRefusal, request_id: string): object
  }
  /**
   * Rejects while the application cannot work. `degraded`: it works for the clients it already
   * knows. Left out: it always works, and `/readyz` does not name it.
   */
  ready?(): Promise<'degraded' | undefined>
  /** Members of the answer of `/readyz`, beside the checks. */
  details?(): object
}
