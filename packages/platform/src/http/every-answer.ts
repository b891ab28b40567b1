/**
 * `X-Request-Id` on every answer, also where Node or Fastify would answer in our place and without it:
 * no `Host`, an expectation nobody knows. While the server leaves, `Connection: close` on whatever can have it.
 */

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { isDraining } from './drain.ts'
import { drainBody } from './drain-body.ts'
import type { Refuse } from './refusals.ts'

/** Options of Node's server: it leaves the refusals below to us. */
export const LEAVE_REFUSALS_TO_US = { requireHostHeader: false } as const

export function answerEverything(app: FastifyInstance, refuse: Refuse): void {
  app.addHook('onRequest', (request, reply, done) => {
    reply.header('x-request-id', request.id)
    if (lacksHost(request)) refuse(request, reply.header('connection', 'close'), NO_HOST)
    else done()
  })
  app.addHook('onSend', (request, reply, _payload, done) => {
    if (isDraining(app.server)) endConnection(request.raw, reply)
    done()
  })
  // RFC 9110 §10.1.1 allows a 417, which Node would send; to ignore it serves the client better.
  app.server.on('checkExpectation', (request: IncomingMessage, response: ServerResponse) => {
    app.server.emit('request', request, response)
  })
}

/** For more of a body that was refused, or a next request. */
const LINGER_MS = 1000

/** With this answer; but where the body still arrives (drain-body.ts), once nothing comes any more. */
function endConnection(request: IncomingMessage, reply: FastifyReply): void {
  if (!isArriving(request)) {
    reply.header('connection', 'close')
    return
  }
  drainBody(reply)
  reply.raw.once('finish', () => request.socket.setTimeout(LINGER_MS))
}

/** Without a body Node, too, may not have come to the end of the request yet. */
function isArriving({ complete, headers }: IncomingMessage): boolean {
  return !complete && ('content-length' in headers || 'transfer-encoding' in headers)
}

/** RFC 9112 §3.2: a request of HTTP/1.1 without `Host` gets a 400. */
function lacksHost({ raw }: FastifyRequest): boolean {
  return raw.headers.host === undefined && raw.httpVersion === '1.1'
}

const NO_HOST = {
  status: 400,
  error: 'invalid_request',
  error_description: 'The Host header is missing',
}
