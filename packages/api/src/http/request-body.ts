/**
 * Bodies of reports: taken as the bytes they are, inflated within bounds, and handed on as text. The use
 * case parses the text and keeps it, so that nothing sent is lost. (A Fastify parser that fails closes the
 * connection; ours only collects.)
 */

import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { decodeUtf8, splitJsonArray, splitNdjson, textsAt } from '@modulariot/platform/http'
import type { FastifyInstance, FastifyRequest, onRequestHookHandler } from 'fastify'
import { ApiError } from '../api-error.ts'
import type { ApiMetrics } from '../metrics.ts'
import type { HeavyReader } from '../track/heavy-reader.ts'
import type { IngestDeps } from '../track/ingest.ts'
import { accessTokenClaims } from './require-access-token.ts'

export const MAX_BATCH_BYTES = 5 * 1024 ** 2
export const MAX_BATCH_ITEMS = 1000

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
      'Send the body as it is, or compressed once with Content-Encoding: gzip',
    ),
  )
}

/**
 * A hook for before the body is read: when the largest body of the endpoint would not fit the queue any more,
 * none is taken. So the last places are left to single reports. Node reads on and throws away what comes, and
 * the sender sees the answer.
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
    'Too much at once',
    'More large bodies are arriving than can be held; send it again, faster or in smaller parts',
    BODIES_RETRY_AFTER_SECONDS,
  )
}

export type BodyRequest = FastifyRequest<{ Body: Buffer | undefined }>

const inflate = promisify(gunzip)

/**
 * The body as text; inflated it must keep to the same bound as before.
 *
 * @throws ApiError 413, or 400 for what is not gzip; JsonBodyError for what is not UTF-8.
 */
export async function bodyText(request: BodyRequest): Promise<string> {
  const bytes = request.body ?? Buffer.alloc(0)
  if (!GZIP.test(request.headers['content-encoding'] ?? '')) return decodeUtf8(bytes)
  const maxOutputLength = request.routeOptions.bodyLimit
  try {
    return decodeUtf8(await inflate(bytes, { maxOutputLength }))
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(maxOutputLength)
    if (code?.startsWith('Z_')) {
      throw new ApiError(400, 'Invalid gzip', 'The body is not gzip, or was cut off')
    }
    throw error
  }
}

function tooLarge(maxBytes: number): ApiError {
  return new ApiError(
    413,
    'Body too large',
    `Inflated, the body is larger than ${mebibytes(maxBytes)}`,
  )
}

export function mebibytes(bytes: number): string {
  return `${bytes / 1024 ** 2} MiB`
}

/** Characters: what has more is split elsewhere, since to look at each takes several nanoseconds. */
const MAX_SPLIT_HERE = 64 * 1024

/**
 * The texts of the items of a batch.
 *
 * @throws ApiError 400 for none, 413 for too many, 429 when more large bodies wait than can be read;
 *   JsonBodyError for what is not one array.
 */
export async function batchTexts(
  request: BodyRequest,
  heavy: Pick<HeavyReader, 'split'>,
): Promise<string[]> {
  const text = await bodyText(request)
  const texts = isNdjson(request)
    ? splitNdjson(text, MAX_BATCH_ITEMS)
    : text.length <= MAX_SPLIT_HERE
      ? splitJsonArray(text, MAX_BATCH_ITEMS)
      : textsAt(text, await heavy.split(accessTokenClaims(request), text, MAX_BATCH_ITEMS))
  if (texts.length === 0) throw new ApiError(400, 'Empty batch', 'Send at least one report')
  if (texts.length > MAX_BATCH_ITEMS) {
    throw new ApiError(413, 'Too many items', `Send at most ${MAX_BATCH_ITEMS} reports in a batch`)
  }
  return texts
}

function isNdjson({ headers }: BodyRequest): boolean {
  return headers['content-type']?.toLowerCase().startsWith(NDJSON) === true
}
