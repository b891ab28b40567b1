/** The `X-Request-Id` of every answer: the caller's when it is valid, otherwise a new one. */

import type { IncomingMessage } from 'node:http'
import { randomId } from '../random-id.ts'

/** Visible ASCII, so that it can be echoed in a header and logged unchanged. */
const REQUEST_ID = /^[\x21-\x7e]{1,128}$/

export function isRequestId(text: unknown): text is string {
  return typeof text === 'string' && REQUEST_ID.test(text)
}

export function requestIdOf(request: IncomingMessage): string {
  const sent = request.headers['x-request-id']
  return isRequestId(sent) ? sent : randomId()
}
