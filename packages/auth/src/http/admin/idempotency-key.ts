/** Which routes take an `Idempotency-Key`, and what makes a retry safe on the others. */

import type { onRequestHookHandler } from 'fastify'
import { invalidInput } from '../../errors/admin-error.ts'
import type { AdminRoute } from './routes.ts'

type Route = Pick<AdminRoute, 'method' | 'ndjson' | 'retry'>

export const takesIdempotencyKey = ({ method, ndjson, retry }: Route): boolean =>
  method === 'POST' && !ndjson && retry === undefined

/** Of what has versions. */
export const takesIfMatch = ({ method, retry }: Route): boolean =>
  method === 'PATCH' && retry === undefined

/**
 * The error text for a route that changes something and does not take the key; null for others.
 */
export function insteadOfIdempotencyKey({ method, ndjson, retry }: Route): string | null {
  if (retry !== undefined) return retry
  if (ndjson) return 'give each line an external_id: a line already processed answers exists'
  if (method === 'PATCH') return 'send If-Match: a change already made answers 412'
  if (method === 'DELETE') return 'send it again: what is already deleted answers 404'
  return null
}

/**
 * Runs before the body is read. Ignoring the key would promise a safe retry that does not exist. A
 * GET is safe to retry with any key, so there it is ignored.
 */
export function refuseIdempotencyKey(route: Route): onRequestHookHandler[] {
  const instead = insteadOfIdempotencyKey(route)
  if (instead === null) return []
  return [
    ({ headers }, _reply, done) => {
      if (headers['idempotency-key'] === undefined) return done()
      done(invalidInput(`Idempotency-Key is not accepted here; ${instead}`))
    },
  ]
}
