/**
 * `Expect` (RFC 9110 §10.1.1): a client that announces its body gets 100 when the body is about to
 * be read, and only the final status when the head decides it.
 *
 * By itself Node sends 100 as soon as the head is parsed, before anything is decided, and the
 * client then uploads megabytes for a 401.
 */

import type { IncomingMessage, Server, ServerResponse } from 'node:http'

const heldBack = new WeakSet<IncomingMessage>()

/**
 * Whether the sender waits for 100 and has not got it: its body is not on the way, and after a
 * final answer the connection cannot be used again.
 */
export function isHeldBack(request: IncomingMessage): boolean {
  return heldBack.has(request)
}

/** True for an expectation that is not met; the answer to it is 417. */
export function isUnknownExpectation({ headers: { expect } }: IncomingMessage): boolean {
  return expect !== undefined && expect.toLowerCase() !== '100-continue'
}

export function answerExpectations(server: Server): void {
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    if (announcesBody(request)) continueWhenRead(request, response)
    server.emit('request', request, response)
  })
  // Refused with 417 by `answerEverything`, so that the answer is like every other.
  server.on('checkExpectation', (request: IncomingMessage, response: ServerResponse) => {
    server.emit('request', request, response)
  })
}

function announcesBody({ headers }: IncomingMessage): boolean {
  return 'transfer-encoding' in headers || Number(headers['content-length']) > 0
}

function continueWhenRead(request: IncomingMessage, response: ServerResponse): void {
  const { shouldKeepAlive } = response
  heldBack.add(request)
  response.shouldKeepAlive = false
  request.once('resume', () => {
    // Node also reads, and discards, the body of an answered request.
    if (response.headersSent) return
    heldBack.delete(request)
    response.shouldKeepAlive = shouldKeepAlive
    response.writeContinue()
  })
}
