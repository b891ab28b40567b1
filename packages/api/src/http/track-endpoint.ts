/** `POST /v1/asset/track`: read the request, ingest, say so. */

import { decodeUtf8, JsonBodyError, parseUniqueJson } from '@modulariot/platform/http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { ApiError, ValidationError } from '../api-error.ts'
import type { ApiMetrics, TrackOutcome } from '../metrics.ts'
import { type IngestDeps, ingest, type TrackRequest } from '../track/ingest.ts'
import { accessTokenClaims } from './require-access-token.ts'

const SUCCESS = { status: 'success', message: 'Message sent successfully' } as const

export type TrackEndpointDeps = IngestDeps & { readonly metrics: Pick<ApiMetrics, 'tracked'> }

export function trackEndpoint(deps: TrackEndpointDeps) {
  return async (request: TrackHttpRequest, reply: FastifyReply) => {
    try {
      const { replayed, warnings } = await ingest(read(request), deps)
      deps.metrics.tracked(replayed ? 'replayed' : 'stored')
      if (replayed) reply.header('idempotent-replay', 'true')
      return Object.keys(warnings).length === 0 ? SUCCESS : { ...SUCCESS, warnings }
    } catch (error) {
      deps.metrics.tracked(outcomeOf(error))
      throw error
    }
  }
}

type TrackHttpRequest = FastifyRequest<{ Body: Buffer | undefined }>

function read(request: TrackHttpRequest): TrackRequest {
  const text = decodeUtf8(request.body ?? Buffer.alloc(0))
  const { headers } = request
  return { claims: accessTokenClaims(request), headers, text, body: parseUniqueJson(text) }
}

function outcomeOf(error: unknown): TrackOutcome {
  if (error instanceof ApiError) return error.status === 409 ? 'conflict' : 'refused'
  return error instanceof ValidationError || error instanceof JsonBodyError ? 'refused' : 'failed'
}
