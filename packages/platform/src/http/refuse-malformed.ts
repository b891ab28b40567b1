/**
 * Answers bytes that are not an HTTP request. Written by hand: without a request Node has no
 * response object.
 *
 * Fastify's own answer has no `X-Request-Id`, and its log line holds the raw bytes of the request.
 */

import type { Socket } from 'node:net'
import type { FastifyBaseLogger } from 'fastify'
import { randomId } from '../random-id.ts'
import { normalizeAddress } from './client-address.ts'
import type { Connection } from './connection.ts'
import { STATUS_CODES } from './node-http.ts'

/** Keyed by the parser's error code; every other code is a malformed request. */
const ANSWERS: Readonly<Record<string, readonly [status: number, error_description: string]>> = {
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'The request did not arrive in time'],
  HPE_HEADER_OVERFLOW: [431, 'The headers are too large'],
}
const MALFORMED = [400, 'This is not an HTTP request'] as const

/**
 * @param connection undefined while the TLS handshake is not done: nothing can be sent, and `end`
 *   would wait for a handshake that never completes.
 * @returns the status that was sent, or null when there is nothing to answer.
 */
export function refuseMalformed(
  error: NodeJS.ErrnoException,
  socket: Socket,
  connection: Connection | undefined,
  log: FastifyBaseLogger,
): number | null {
  if (error.code === 'ECONNRESET' || !socket.writable || connection === undefined) {
    socket.destroy()
    return null
  }
  if (!connection.canAnswerMalformed()) {
    connection.endAfterAnswer()
    return null
  }
  const [status, error_description] = ANSWERS[error.code ?? ''] ?? MALFORMED
  const request_id = randomId()
  const address = normalizeAddress(socket.remoteAddress) ?? 'unknown'
  const reason = { kind: 'not_http', code: error.code }
  log.info({ request_id, status, address, reason }, 'refused')
  const body = JSON.stringify({ error: 'invalid_request', error_description })
  connection.end(
    [
      `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
      'Content-Type: application/json; charset=utf-8',
      `Content-Length: ${Buffer.byteLength(body)}`,
      `X-Request-Id: ${request_id}`,
      'Connection: close',
      '',
      body,
    ].join('\r\n'),
  )
  return status
}
