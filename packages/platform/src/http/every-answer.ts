/**
 * What every answer has: an `X-Request-Id`, even where Node or Fastify would answer on their own
 * without it (a missing or repeated `Host`, an unknown expectation); `Connection: close` during
 * shutdown; and time to be read, whatever the request's body.
 */

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { SMALL_BODY_BYTES } from './arriving-bodies.ts'
import { isDraining } from './drain.ts'
import { headerFault } from './header-faults.ts'
import type { Refuse } from './refusals.ts'

/** Options of Node's server that leave the refusals below to us. */
export const LEAVE_REFUSALS_TO_US = { requireHostHeader: false } as const

export function answerEverything(app: FastifyInstance, refuse: Refuse): void {
  app.addHook('onRequest', (request, reply, done) => {
    reply.header('x-request-id', request.id)
    const fault = headerFault(request.raw)
    if (fault !== null) {
      reply.raw.shouldKeepAlive = false
      refuse(request, reply, { status: 400, error: 'invalid_request', error_description: fault })
    }
    // Before Fastify, which would read the body of an unrouted request and answer that it is too
    // large.
    else if (request.is404) refuse(request, reply, NO_ENDPOINT)
    else done()
  })
  app.addHook('onSend', (request, reply, _payload, done) => {
    const { complete } = request.raw
    const ends = isDraining(app.server) || !reply.raw.shouldKeepAlive
    // Fastify closes the connection when a body is too large.
    if (!complete) reply.removeHeader('connection')
    if (ends && !complete && isLarge(request.raw)) linger(request, reply)
    else if (ends) reply.header('connection', 'close')
    done()
  })
  // RFC 9110 §10.1.1 allows the 417 that Node would send; ignoring the expectation serves the
  // client better.
  app.server.on('checkExpectation', (request: IncomingMessage, response: ServerResponse) => {
    app.server.emit('request', request, response)
  })
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

const NO_ENDPOINT = {
  status: 404,
  error: 'not_found',
  error_description: 'There is no such endpoint',
}
