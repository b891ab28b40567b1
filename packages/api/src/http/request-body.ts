/**
 * Bodies of reports: taken as the bytes they are and handed on. The use case inflates them, and
 * keeps the text they are, so that nothing sent is lost. (A Fastify parser that fails closes the
 * connection; ours only collects.)
 */

import type { FastifyInstance, FastifyRequest, onRequestHookHandler } from 'fastify'
import { ApiError } from '../errors/api-error.ts'
import type { BatchFormat } from '../ingest/batch-items.ts'
import type { IngestDeps } from '../ingest/ingest.ts'
import type { ReportBody } from '../ingest/report-body.ts'
import type { ApiMetrics } from '../metrics/api-metrics.ts'

export const NDJSON = 'application/x-ndjson'

/** In a scope of its own for a route that takes more than `application/json`. */
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

/** `x-gzip` is the same (RFC 9110 §8.4.1.3). */
const GZIP = /^(x-)?gzip$/i

/** A hook for before the body is read: one coding is understood, and once. */
export const refuseOtherCodings: onRequestHookHandler = (request, reply, done) => {
  const coding = request.headers['content-encoding']
  if (coding === undefined || /^identity$/i.test(coding) || GZIP.test(coding)) return done()
  // RFC 9110 §15.5.16: it says what would have been understood.
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
 * A hook for before the body is read: when the largest body of the endpoint would not fit the queue
 * any more, none is taken. So the last places are left to single reports. Node reads on and throws
 * away what comes, and the sender sees the answer.
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

/** A retry at once would be refused, too. */
const BODIES_RETRY_AFTER_SECONDS = 5

/** For a body that was arriving for longest when there was no more room for large ones. */
export function tooManyBodies(): ApiError {
  return new ApiError(
    429,
    'Too many requests',
    'Too many large bodies are arriving; retry, faster or in smaller parts',
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
