/**
 * A document or a file that does not change while the server runs: read and compressed once, for
 * the first request, and sent from the same bytes to every caller.
 */

import { hash } from 'node:crypto'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import type { FastifyReply, FastifyRequest } from 'fastify'

/** Below this, compression hardly saves anything. */
const MIN_COMPRESSED_BYTES = 1024

interface Representation {
  readonly body: Buffer
  /** Strong (RFC 9110 §8.8.3), so each coding has its own. */
  readonly etag: string
}

type Handler<Answer> = (request: FastifyRequest, reply: FastifyReply) => Answer

/** The same content with and without compression; null when that hardly saves anything. */
export interface Coded {
  readonly plain: Representation
  readonly gzip: Representation | null
}

/**
 * A handler that answers 200, or 304 when the caller already has it (RFC 9110 §13.1.2).
 *
 * @param document called for the first request: most processes never get one.
 */
export function staticDocument(document: () => object): Handler<Promise<unknown>> {
  const type = 'application/json; charset=utf-8'
  return staticFile(type, async () => Buffer.from(JSON.stringify(document())))
}

/** The same for a file, which is read and compressed for the first request and then kept. */
export function staticFile(type: string, read: () => Promise<Buffer>): Handler<Promise<unknown>> {
  let loading: Promise<Coded> | null = null
  async function load(): Promise<Coded> {
    const body = await read()
    return codedOf(body, body.length < MIN_COMPRESSED_BYTES ? null : await compress(body))
  }
  return async (request, reply) => {
    loading ??= load().catch((error: unknown) => {
      loading = null
      throw error
    })
    return sendCoded(await loading, type, request, reply)
  }
}

const compress = promisify<Buffer, Buffer>(gzip)

/** @param compressed the body in gzip, or null. */
export function codedOf(body: Buffer, compressed: Buffer | null): Coded {
  const digest = hash('sha256', body, 'base64url').slice(0, 22)
  return {
    plain: { body, etag: `"${digest}"` },
    gzip: compressed === null ? null : { body: compressed, etag: `"${digest}-gzip"` },
  }
}

/** Answers 200, or 304 when the caller already has it (RFC 9110 §13.1.2). */
export function sendCoded(
  { plain, gzip }: Coded,
  type: string,
  { headers }: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  const chosen = gzip !== null && acceptsGzip(headers['accept-encoding']) ? gzip : plain
  reply.header('etag', chosen.etag).header('vary', 'Accept-Encoding')
  if (hasIt(headers['if-none-match'], chosen)) return reply.code(304).send()
  if (chosen === gzip) reply.header('content-encoding', 'gzip')
  return reply.type(type).send(chosen.body)
}

/**
 * RFC 9110 §12.5.3: listed by name or by `*`, with a weight above 0. Without the header, only the
 * plain bytes are acceptable.
 */
function acceptsGzip(header: string | string[] | undefined): boolean {
  const codings = String(header ?? '')
    .toLowerCase()
    .split(',')
    .map((coding) => coding.split(';').map((part) => part.trim()))
  const found =
    codings.find(([name]) => name === 'gzip' || name === 'x-gzip') ??
    codings.find(([name]) => name === '*')
  return found !== undefined && !found.some((part) => /^q=0(\.0*)?$/.test(part))
}

/** Weak comparison (RFC 9110 §8.8.3.2): ignores `W/` on either side. */
function hasIt(header: string | undefined, { etag }: Representation): boolean {
  if (header === undefined) return false
  return header.split(',').some((one) => ['*', etag, `W/${etag}`].includes(one.trim()))
}
