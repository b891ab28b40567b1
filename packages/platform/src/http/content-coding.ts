/** Refuses compressed bodies where none are accepted. */

import type { onRequestHookHandler } from 'fastify'

export class UnsupportedCoding extends Error {
  override readonly name = 'UnsupportedCoding'
  readonly statusCode = 415

  constructor() {
    super('Send the body uncompressed: no Content-Encoding is accepted here')
  }
}

/** Hook that runs before the body is read; the application's error handler renders the refusal. */
export const refuseCodings: onRequestHookHandler = (request, reply, done) => {
  const coding = request.headers['content-encoding']
  if (coding === undefined || /^(?:identity)?$/i.test(coding)) return done()
  // RFC 9110 §15.5.16: lists the accepted codings.
  reply.header('accept-encoding', 'identity')
  done(new UnsupportedCoding())
}
