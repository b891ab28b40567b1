/**
 * What every answer has: an `X-Request-Id`, also where Node or Fastify would answer in our place
 * and without it (a `Host` that is missing or stands twice, an unknown expectation); while the
 * server leaves `Connection: close`; and, whatever the request's body, the chance to be heard.
 */

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { SMALL_BODY_BYTES } from './arriving-bodies.ts'
import { isDraining } from './drain.ts'
import { headerFault } from './header-faults.ts'
import type { Refuse } from './refusals.ts'

/** Options of Node's server: it leaves the refusals below to us. */
export const LEAVE_REFUSALS_TO_US = { requireHostHeader: false } as const

export function answerEverything(app: FastifyInstance, refuse: Refuse): void {
  app.addHook('onRequest', (request, reply, done) => {
    reply.header('x-request-id', request.id)
    const fault = headerFault(request.raw)
    if (fault !== null) {
      reply.raw.shouldKeepAlive = false
      refuse(request, reply, { status: 400, error: 'invalid_request', error_description: fault })
    }
    // Before Fastify, which reads the body of what nobody serves and finds it too large.
    else if (request.is404) refuse(request, reply, NO_ENDPOINT)
    else done()
  })
  app.addHook('onSend', (request, reply, _payload, done) => {
    const { complete } = request.raw
    const ends = isDraining(app.server) || !reply.raw.shouldKeepAlive
    // Fastify wants to close where a body is too large.
    if (!complete) reply.removeHeader('connection')
    if (ends && !complete && isLarge(request.raw)) linger(request, reply)
    else if (ends) reply.header('connection', 'close')
    done()
  })
  // RFC 9110 §10.1.1 allows a 417, which Node would send; to ignore it serves the client better.
  app.server.on('checkExpectation', (request: IncomingMessage, response: ServerResponse) => {
    app.server.emit('request', request, response)
  })
}

/** For more of a body that was refused, or a next request. */
const LINGER_MS = 1000

/**
 * To close over a body that still arrives resets the connection, and its sender never sees why it
 * was refused. So Node reads the rest and throws it away, as long as the request's time allows, and
 * a connection that was to end with this answer ends once nothing comes any more.
 */
function linger({ raw: { socket } }: FastifyRequest, { raw }: FastifyReply): void {
  raw.shouldKeepAlive = true
  raw.once('finish', () => socket.setTimeout(LINGER_MS))
}

/** A small body comes with its head: the refusal is only earlier than Node is at its end. */
function isLarge({ headers }: IncomingMessage): boolean {
  return 'transfer-encoding' in headers || Number(headers['content-length']) > SMALL_BODY_BYTES
}

const NO_ENDPOINT = {
  status: 404,
  error: 'not_found',
  error_description: 'There is no such endpoint',
}
