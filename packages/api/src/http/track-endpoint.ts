/** `POST /v1/asset/track`: read the request, ingest, say so. */

import { decodeUtf8, parseJson } from '@modulariot/platform/http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { type IngestDeps, ingest } from '../track/ingest.ts'
import { accessTokenClaims } from './require-access-token.ts'

const SUCCESS = { status: 'success', message: 'Message sent successfully' } as const

export function trackEndpoint(deps: IngestDeps) {
  return async (request: FastifyRequest<{ Body: Buffer | undefined }>, reply: FastifyReply) => {
    const text = decodeUtf8(request.body ?? Buffer.alloc(0))
    const { replayed } = await ingest(
      {
        claims: accessTokenClaims(request),
        headers: request.headers,
        text,
        body: parseJson(text),
      },
      deps,
    )
    if (replayed) reply.header('idempotent-replay', 'true')
    return SUCCESS
  }
}
