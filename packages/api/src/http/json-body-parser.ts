/**
 * Takes JSON bodies as the bytes they are; the use case parses them and keeps the text, so that nothing
 * sent is lost. (A Fastify parser that fails closes the connection; ours only collects.)
 */

import type { FastifyInstance } from 'fastify'

const MAX_BODY_BYTES = 1024 ** 2

export function addJsonBodyParser(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser(
    'application/json',
    { parseAs: 'buffer', bodyLimit: MAX_BODY_BYTES },
    async (_request: unknown, bytes: Buffer) => bytes,
  )
}
