/**
 * Reads form and JSON bodies into parameters; any other type is 415.
 *
 * Fastify's parsers only collect the bytes, and the endpoint parses them: Fastify closes the
 * connection when a parser fails, which a typo in a body does not deserve.
 */

import { type Parameters, parametersFromForm, parametersFromJson } from '@modulariot/oauth/protocol'
import { decodeUtf8, parseUniqueJson } from '@modulariot/platform/json'
import type { FastifyInstance } from 'fastify'

/** The bytes of a body, and how to parse them by its content type. */
export interface RequestBody {
  readonly bytes: Buffer
  readonly read: (text: string) => Parameters
}

const MAX_BODY_BYTES = 16 * 1024

const READERS: Readonly<Record<string, RequestBody['read']>> = {
  'application/x-www-form-urlencoded': parametersFromForm,
  'application/json': (text) => parametersFromJson(parseUniqueJson(text)),
}

export function addBodyParsers(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  for (const [type, read] of Object.entries(READERS)) {
    app.addContentTypeParser(
      type,
      { parseAs: 'buffer', bodyLimit: MAX_BODY_BYTES },
      (_request: unknown, bytes: Buffer, done) => done(null, { bytes, read } satisfies RequestBody),
    )
  }
}

/** @throws OAuthError `invalid_request`, or JsonBodyError, for a body that does not parse. */
export function parametersOf(body: RequestBody | undefined): Parameters {
  return body === undefined ? new Map() : body.read(decodeUtf8(body.bytes))
}
