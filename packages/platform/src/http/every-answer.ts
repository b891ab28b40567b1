/**
 * `X-Request-Id` on every answer, also where Node or Fastify would answer in our place and without it:
 * no `Host`, an expectation nobody knows.
 */

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { isDraining } from './drain.ts'
import type { Refuse } from './refusals.ts'

/** Options of Node's server: it leaves the refusals below to us. */
export const LEAVE_REFUSALS_TO_US = { requireHostHeader: false } as const

export function answerEverything(app: FastifyInstance, refuse: Refuse): void {
  app.addHook('onRequest', (request, reply, done) => {
    reply.header('x-request-id', request.id)
    if (lacksHost(request)) refuse(request, reply.header('connection', 'close'), NO_HOST)
    else done()
  })
  app.addHook('onSend', (_request, reply, _payload, done) => {
    if (isDraining(app.server)) reply.header('connection', 'close')
    done()
  })
  // RFC 9110 §10.1.1 allows a 417, which Node would send; to ignore it serves the client better.
  app.server.on('checkExpectation', (request: IncomingMessage, response: ServerResponse) => {
    app.server.emit('request', request, response)
  })
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
