/** What the HTTP server serves. */

import type { FastifyInstance } from 'fastify'

/** A part of the service: its routes, and how to ask whether it can serve. */
export interface Application {
  readonly name: string
  /** Registers hooks, routes and an error handler in a scope of its own. */
  mount(app: FastifyInstance): Promise<void>
  /** Rejects while the application cannot do its work; `degraded`: for those it knows already. */
  ready(): Promise<'degraded' | undefined>
}
