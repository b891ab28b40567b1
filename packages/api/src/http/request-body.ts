/**
 * Reads the bodies of reports as bytes, which the use case decompresses and stores as sent. Parsing
 * them here would be worse: Fastify closes the connection when a parser fails.
 */

import type { FastifyInstance, FastifyRequest, onRequestHookHandler } from 'fastify'
import { ApiError } from '../errors/api-error.ts'
import type { BatchFormat, ItemIds } from '../ingest/batch-items.ts'
import type { IngestDeps } from '../ingest/ingest.ts'
import type { ReportBody } from '../ingest/report-body.ts'
import type { ApiMetrics } from '../metrics/api-metrics.ts'
import { parseWord, type SentQuery } from './query-parameters.ts'

export const NDJSON = 'application/x-ndjson'

/** Replaces the parsers of a Fastify scope, so each route needs a scope of its own. */
export function addBodyParsers(app: FastifyInstance, types: readonly string[]): void {
  app.removeAllContentTypeParsers()
  for (const type of types) {
    app.addContentTypeParser(
      type,
      { parseAs: 'buffer' },
      (_request: unknown, bytes: Buffer, done) => done(null, bytes),
    )
  }
}

/** A DELETE has no body; libraries send a type or an empty object anyway, which is ignored. */
export function ignoreBodies(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request: unknown, _bytes, done) =>
    done(null),
  )
}

/** `x-gzip` is an alias (RFC 9110 §8.4.1.3). */
const GZIP = /^(x-)?gzip$/i

/** Hook that runs before the body is read and refuses every coding except a single gzip. */
export const refuseOtherCodings: onRequestHookHandler = (request, reply, done) => {
  const coding = request.headers['content-encoding']
  if (coding === undefined || /^identity$/i.test(coding) || GZIP.test(coding)) return done()
  // RFC 9110 §15.5.16: the response lists the accepted codings.
  reply.header('accept-encoding', 'gzip')
  done(
    new ApiError(
      415,
      'Unsupported content encoding',
      'Send the body uncompressed, or compressed once with Content-Encoding: gzip',
    ),
  )
}

/**
 * Hook that runs before the body is read and refuses every body if the endpoint's largest would not
 * fit in the queue. This reserves the last slots for single reports. Node discards the rest of the
 * body, so the sender gets the response.
 */
export function refuseWhenFull(
  { maxItems, maxBytes }: { readonly maxItems: number; readonly maxBytes: number },
  { queue, metrics }: IngestDeps & { readonly metrics: Pick<ApiMetrics, 'tracked'> },
): (request: unknown, reply: unknown, done: (error?: Error) => void) => void {
  return (_request, _reply, done) => {
    try {
      queue.assertRoom({ items: maxItems, payload: maxBytes })
    } catch (error) {
      metrics.tracked('refused')
      return done(error as ApiError)
    }
    done()
  }
}

/** An immediate retry would be refused too. */
const BODIES_RETRY_AFTER_SECONDS = 5

/**
 * The refusal of the body that has been arriving for the longest, when large ones exceed the limit.
 */
export function tooManyBodies(): ApiError {
  return new ApiError(
    429,
    'Too many requests',
    'Too many large bodies are being received; retry with smaller bodies or a faster connection',
    BODIES_RETRY_AFTER_SECONDS,
  )
}

export type BodyRequest = FastifyRequest<{ Body: Buffer | undefined }>

export function reportBody({ body, headers, routeOptions }: BodyRequest): ReportBody {
  const bytes = body ?? Buffer.alloc(0)
  const gzip = GZIP.test(headers['content-encoding'] ?? '')
  return { bytes, gzip, maxBytes: routeOptions.bodyLimit }
}

export function batchFormat({ headers }: BodyRequest): BatchFormat {
  return headers['content-type']?.toLowerCase().startsWith(NDJSON) ? 'ndjson' : 'json'
}

/** @throws ApiError 400 */
export function itemIds({ query }: BodyRequest): ItemIds {
  return parseWord(query as SentQuery, 'ids', ['content']) ?? 'request'
}
