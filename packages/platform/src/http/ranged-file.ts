/** A file too large for memory, of which callers read ranges (RFC 9110 §14). */

import { basename, dirname } from 'node:path'
import type { FastifyReply, FastifyRequest } from 'fastify'

/**
 * Answers 206 for a range, 200 without one, 304, or 416 for a range outside the file. The file is
 * streamed, and opened for each request: one that was replaced is served as it is now.
 *
 * @param path of the file; no part of the request gets into it.
 */
export function rangedFile(path: string, type: string) {
  const name = encodeURIComponent(basename(path))
  const ours = { cacheControl: false, contentType: false }
  const options = { root: dirname(path), dotfiles: 'allow', ...ours } as const
  return async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    // Loaded for the first request: 25 modules, which most servers never need.
    const { default: send } = await import('@fastify/send')
    const { statusCode, headers, stream } = await send(request.raw, name, options)
    reply.code(statusCode)
    if (statusCode < 400) {
      return reply.headers(headers).header('cache-control', 'no-cache').type(type).send(stream)
    }
    // Its own errors are pages.
    stream.destroy()
    const range = headers['Content-Range']
    if (range !== undefined) reply.header('content-range', range)
    reply.header('cache-control', 'no-store').type('text/plain; charset=utf-8')
    return reply.send(`${REFUSALS[statusCode] ?? 'The file cannot be read'}\n`)
  }
}

const REFUSALS: Readonly<Record<number, string>> = {
  404: 'There is no such file',
  412: 'The file is not as it was',
  416: 'The file has no such range',
}
