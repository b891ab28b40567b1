/**
 * A JSON document that does not change while the server runs: serialized and compressed once, and
 * sent from the same bytes to every caller.
 */

import { hash } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import type { FastifyReply, FastifyRequest } from 'fastify'

/** Below this, compression hardly saves anything. */
const MIN_COMPRESSED_BYTES = 1024

interface Representation {
  readonly body: Buffer
  /** Strong (RFC 9110 §8.8.3), so each coding has its own. */
  readonly etag: string
}

/** A handler that answers 200, or 304 when the caller already has it (RFC 9110 §13.1.2). */
export function staticDocument(
  document: object,
): (request: FastifyRequest, reply: FastifyReply) => FastifyReply {
  const body = Buffer.from(JSON.stringify(document))
  const digest = hash('sha256', body, 'base64url').slice(0, 22)
  const plain = { body, etag: `"${digest}"` }
  const gzip =
    body.length < MIN_COMPRESSED_BYTES
      ? null
      : { body: gzipSync(body, { level: 9 }), etag: `"${digest}-gzip"` }
  return ({ headers }, reply) => {
    const chosen = gzip !== null && acceptsGzip(headers['accept-encoding']) ? gzip : plain
    reply.header('etag', chosen.etag).header('vary', 'Accept-Encoding')
    if (hasIt(headers['if-none-match'], chosen)) return reply.code(304).send()
    if (chosen === gzip) reply.header('content-encoding', 'gzip')
    return reply.type('application/json; charset=utf-8').send(chosen.body)
  }
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
