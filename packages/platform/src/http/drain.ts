/**
 * Leaving without a reset: first nobody new is sent here, then every connection hears that its answer is the
 * last one, and only then does the server close.
 */

import { setTimeout as wait } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'

const draining = new WeakSet<object>()

/** @param server Node's. */
export function isDraining(server: object): boolean {
  return draining.has(server)
}

/** Past this, requests that are still under way are cut off, so that what was counted can be written. */
const CLOSE_LIMIT_MS = 20_000

/**
 * Says `stopping` at `/readyz` and answers as before for `drainMs`, with `Connection: close`; then accepts
 * nothing more, waits for the requests under way, and closes.
 */
export async function shutDown(app: FastifyInstance, drainMs: number): Promise<void> {
  draining.add(app.server)
  if (drainMs > 0 && app.server.listening) await wait(drainMs)
  const limit = setTimeout(() => app.server.closeAllConnections(), CLOSE_LIMIT_MS)
  await app.close()
  clearTimeout(limit)
}
