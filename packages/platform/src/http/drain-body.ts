/** A body that is too large still has to arrive somewhere before its sender reads our answer. */

import type { FastifyReply } from 'fastify'

/**
 * Lets Node read the rest of the body and throw it away, as long as the request's time allows.
 *
 * Fastify closes the connection instead; a sender that is still sending then finds it broken, and never
 * sees the 413 that would have told it why.
 */
export function drainBody(reply: FastifyReply): void {
  reply.removeHeader('connection')
}
