/** What the HTTP server serves. */

import type { FastifyInstance } from 'fastify'

/** Of a request that reaches no route, in the words of RFC 6749 §5.2. */
export interface UnroutedRefusal {
  readonly status: number
  readonly error: string
  readonly error_description: string
}

/** A part of the service: its routes, and how to ask whether it can serve. */
export interface Application {
  readonly name: string
  /** Registers hooks, routes and an error handler in a scope of its own. */
  mount(app: FastifyInstance): Promise<void>
  /** Whose paths begin so: what reaches none of its routes there is refused in its shape. */
  readonly refusals?: {
    readonly below: `/${string}/`
    /** The body's media type; `application/json` where it says nothing. */
    readonly type?: string
    body(refusal: UnroutedRefusal, request_id: string): object
  }
  /** Rejects while the application cannot do its work; `degraded`: for those it knows already. */
  ready(): Promise<'degraded' | undefined>
}
