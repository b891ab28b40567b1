/**
 * Bounds the memory held by large request bodies that are still arriving.
 *
 * A slow sender is not an error, but a hundred that each stop just short of five megabytes would
 * hold half a gigabyte. Past the budget the body that began first is refused; a sender at ordinary
 * speed has finished by then. The first 64 KiB of each body are not counted, so a fleet sending
 * small bodies is never affected.
 */

import { type Readable, Transform } from 'node:stream'
import type { preParsingHookHandler } from 'fastify'

/** As much as a connection costs anyway. */
export const SMALL_BODY_BYTES = 64 * 1024

export const MAX_ARRIVING_BYTES = 64 * 1024 ** 2

interface Arriving {
  bytes: number
  readonly refuse: () => void
}

export interface ArrivingBodiesOptions {
  /** Called for each body that does not fit; returns the error that answers its request. */
  readonly refusal: () => Error
  /** Default: MAX_ARRIVING_BYTES. */
  readonly maxBytes?: number
}

export class ArrivingBodies {
  readonly #refusal: () => Error
  readonly #maxBytes: number
  /** Oldest first. */
  readonly #arriving = new Set<Arriving>()
  #bytes = 0

  constructor({ refusal, maxBytes = MAX_ARRIVING_BYTES }: ArrivingBodiesOptions) {
    this.#refusal = refusal
    this.#maxBytes = maxBytes
  }

  /** Bytes held now, without the first 64 KiB of each body. */
  get bytes(): number {
    return this.#bytes
  }

  /**
   * Passes on what arrives from `payload`. Once the returned stream is closed, the rest is still
   * read, and discarded.
   */
  follow(payload: Readable): Transform {
    const count = (length: number): void => {
      this.#bytes -= aboveSmall(one)
      one.bytes += length
      this.#bytes += aboveSmall(one)
      this.#makeRoom()
    }
    const counted = new Transform({
      transform(chunk: Buffer, _encoding, done) {
        count(chunk.length)
        done(null, chunk)
      },
    })
    const one: Arriving = { bytes: 0, refuse: () => counted.destroy(this.#refusal()) }
    this.#arriving.add(one)
    counted.once('close', () => {
      this.#forget(one)
      payload.unpipe(counted)
      payload.resume()
    })
    payload.once('error', (error) => counted.destroy(error))
    return payload.pipe(counted)
  }

  #makeRoom(): void {
    for (const one of this.#arriving) {
      if (this.#bytes <= this.#maxBytes) return
      if (aboveSmall(one) === 0) continue
      this.#forget(one)
      one.refuse()
    }
  }

  #forget(one: Arriving): void {
    if (this.#arriving.delete(one)) this.#bytes -= aboveSmall(one)
  }
}

const aboveSmall = ({ bytes }: Arriving): number => Math.max(0, bytes - SMALL_BODY_BYTES)

/** A hook that follows every body not known to be small. */
export function followLarge(bodies: ArrivingBodies): preParsingHookHandler {
  return (request, reply, payload, done) => {
    // NaN when the header is missing or the body is chunked: not known to be small.
    const bytes = Number(request.headers['content-length'])
    // One above the route's limit is refused unread, as Fastify's parser does next.
    const isRead = !(bytes > request.routeOptions.bodyLimit)
    if (bytes <= SMALL_BODY_BYTES || !isRead) return done(null, payload)
    const body = bodies.follow(payload as Readable)
    // A body refused for its length is not read any further.
    reply.raw.once('finish', () => body.destroy())
    done(null, body)
  }
}
