/**
 * What every answer has: an `X-Request-Id`, even where Node or Fastify would answer on their own
 * without it (a missing or repeated `Host`, an unknown expectation); `Connection: close` during
 * shutdown; and time to be read, whatever the request's body.
 */

import type { IncomingMessage } from 'node:http'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { SMALL_BODY_BYTES } from './arriving-bodies.ts'
import { isDraining } from './drain.ts'
import { answerExpectations, isHeldBack, isUnknownExpectation } from './expectations.ts'
import { headerFault } from './header-faults.ts'
import type { KnownPaths } from './known-paths.ts'
import type { Refuse } from './refusals.ts'

/** Options of Node's server that leave the refusals below to us. */
export const LEAVE_REFUSALS_TO_US = { requireHostHeader: false } as const

export function answerEverything(app: FastifyInstance, refuse: Refuse, paths: KnownPaths): void {
  app.addHook('onRequest', (request, reply, done) => {
    reply.header('x-request-id', request.id)
    const fault = headerFault(request.raw)
    if (fault !== null) {
      reply.raw.shouldKeepAlive = false
      refuse(request, reply, { status: 400, error: 'invalid_request', error_description: fault })
    } else if (isUnknownExpectation(request.raw)) {
      reply.raw.shouldKeepAlive = false
      refuse(request, reply, UNKNOWN_EXPECTATION)
    }
    // Before Fastify, which would read the body of an unrouted request and answer that it is too
    // large.
    else if (request.is404) refuseUnrouted(request, reply, refuse, paths)
    else done()
  })
  app.addHook('onSend', (request, reply, _payload, done) => {
    const { complete } = request.raw
    const ends = isDraining(app.server) || !reply.raw.shouldKeepAlive
    // Fastify closes the connection when a body is too large.
    if (!complete) reply.removeHeader('connection')
    const arrives = ends && !complete && isLarge(request.raw) && !isHeldBack(request.raw)
    if (arrives) linger(request, reply)
    else if (ends) reply.header('connection', 'close')
    done()
  })
  answerExpectations(app.server)
}

/** The method is one that the router does not know, or the path is unknown. */
function refuseUnrouted(
  request: FastifyRequest,
  reply: FastifyReply,
  refuse: Refuse,
  paths: KnownPaths,
): void {
  const allow = paths.allow(request.url)
  if (allow === null) refuse(request, reply, NO_ENDPOINT)
  else refuseMethod(request, reply, refuse, allow)
}

/** 405 outside of an application's own error handler. */
export function refuseMethod(
  request: FastifyRequest,
  reply: FastifyReply,
  refuse: Refuse,
  allow: string,
): void {
  reply.header('allow', allow)
  const error_description = `Use ${allow}`
  refuse(request, reply, { status: 405, error: 'invalid_request', error_description })
}

/** Time for more of a refused body, or for the next request. */
const LINGER_MS = 1000

/**
 * Closing while a body still arrives resets the connection, and its sender never sees why it was
 * refused. So Node reads and discards the rest, within the request's time limit, and a connection
 * that was to end with this answer ends once nothing more arrives.
 */
function linger({ raw: { socket } }: FastifyRequest, { raw }: FastifyReply): void {
  raw.shouldKeepAlive = true
  raw.once('finish', () => socket.setTimeout(LINGER_MS))
}

/** A small body arrives with its headers: Node then finishes reading it right after the refusal. */
function isLarge({ headers }: IncomingMessage): boolean {
  return 'transfer-encoding' in headers || Number(headers['content-length']) > SMALL_BODY_BYTES
}

const UNKNOWN_EXPECTATION = {
  status: 417,
  error: 'invalid_request',
  error_description: 'The only expectation that is met is 100-continue',
}

const NO_ENDPOINT = {
  status: 404,
  error: 'not_found',
  error_description: 'There is no such endpoint',
}
