/**
 * CORS: which answers the pages of other origins may read.
 *
 * Public documents are for any page. Everything else is for the origins that the operator lists,
 * none by default. Credentials of the browser (cookies) are never involved: tokens are sent by the
 * page itself.
 */

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'

/** Request headers that our endpoints read, besides those that need no permission. */
const ALLOWED_HEADERS = [
  'Authorization',
  'Content-Type',
  'Content-Encoding',
  'Idempotency-Key',
  'If-Match',
  'If-None-Match',
  'Last-Event-ID',
  'X-Request-Id',
  'X-Request-Timestamp',
].join(', ')

/** Response headers that a page needs. `Date` tells it the time of the server. */
const EXPOSED_HEADERS = [
  'Date',
  'ETag',
  'Idempotent-Replay',
  'RateLimit',
  'RateLimit-Policy',
  'Retry-After',
  'WWW-Authenticate',
  'X-Request-Id',
].join(', ')

/** How long a browser may keep a preflight's answer; Chromium keeps none for longer. */
const MAX_AGE_SECONDS = 7200

const ALLOW_ORIGIN = 'access-control-allow-origin'
const EXPOSE_HEADERS = 'access-control-expose-headers'

/** Headers of a public document, for `routeGroup`. */
export const PUBLIC_DOCUMENT: Readonly<Record<string, string>> = {
  [ALLOW_ORIGIN]: '*',
  [EXPOSE_HEADERS]: EXPOSED_HEADERS,
}

/** Adds the headers of an answer to a page of one of the allowed origins. */
export type AllowOrigin = (request: FastifyRequest, reply: FastifyReply) => void

/**
 * For all answers, refusals included: a page that cannot read a 401 cannot tell it from a broken
 * network. Without origins no hook runs at all.
 */
export function allowOrigins(app: FastifyInstance, origins: readonly string[]): AllowOrigin {
  if (origins.length === 0) return () => {}
  const allowed = new Set(origins)
  const allow: AllowOrigin = ({ headers: { origin } }, reply) => {
    // Also for other origins: a cache must not give them this answer.
    reply.header('vary', 'Origin')
    if (origin === undefined || !allowed.has(origin)) return
    reply.header(ALLOW_ORIGIN, origin).header(EXPOSE_HEADERS, EXPOSED_HEADERS)
  }
  app.addHook('onRequest', (request, reply, done) => {
    allow(request, reply)
    done()
  })
  // A route sets what it varies by in place of the above.
  app.addHook('onSend', (_request, reply, _payload, done) => {
    const vary = reply.getHeader('vary')
    if (vary !== 'Origin') reply.header('vary', `${vary}, Origin`)
    done()
  })
  return allow
}

/** Whether this is a browser's question whether it may send a request, and it may. */
export function isAllowedPreflight({ method, headers }: FastifyRequest, reply: FastifyReply) {
  return (
    method === 'OPTIONS' &&
    headers.origin !== undefined &&
    headers['access-control-request-method'] !== undefined &&
    reply.hasHeader(ALLOW_ORIGIN)
  )
}

/** @param methods those of the path. */
export function answerPreflight(reply: FastifyReply, methods: string): void {
  reply
    .code(204)
    .header('access-control-allow-methods', methods)
    .header('access-control-allow-headers', ALLOWED_HEADERS)
    .header('access-control-max-age', MAX_AGE_SECONDS)
    .send()
}
