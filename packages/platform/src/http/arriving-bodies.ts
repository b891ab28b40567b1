/**
 * Large request bodies that are arriving, and a bound on what is held of them in sum.
 *
 * A slow sender is no fault, but a hundred that each stop short of the end of five megabytes would
 * hold half a gigabyte. Past the budget the body that began first is refused; a sender at ordinary
 * speed has finished by then. The first 64 KiB of each body are not counted, so a fleet of small
 * ones never gets in the way.
 */

import { type Readable, Transform } from 'node:stream'
import type { preParsingHookHandler } from 'fastify'

/** No more than a connection costs anyway. */
export const SMALL_BODY_BYTES = 64 * 1024

export const MAX_ARRIVING_BYTES = 64 * 1024 ** 2

interface Arriving {
  bytes: number
  readonly refuse: () => void
}

export interface ArrivingBodiesOptions {
  /** Called for each body that there is no room for; gives the error that answers its request. */
  readonly refusal: () => Error
  /** Default: MAX_ARRIVING_BYTES. */
  readonly maxBytes?: number
}

export class ArrivingBodies {
  readonly #refusal: () => Error
  readonly #maxBytes: number
  /** The oldest first. */
  readonly #arriving = new Set<Arriving>()
  #bytes = 0

  constructor({ refusal, maxBytes = MAX_ARRIVING_BYTES }: ArrivingBodiesOptions) {
    this.#refusal = refusal
    this.#maxBytes = maxBytes
  }

  /** What is held of them now, without the first 64 KiB of each. */
  get bytes(): number {
    return this.#bytes
  }

  /**
   * Passes on what arrives from `payload`. Once closed, it still reads the rest, and discards it.
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

/** A hook that follows the bodies that are not known to be small. */
export function followLarge(bodies: ArrivingBodies): preParsingHookHandler {
  return (request, reply, payload, done) => {
    // Not there, or in chunks: NaN is not small.
    if (Number(request.headers['content-length']) <= SMALL_BODY_BYTES) return done(null, payload)
    const body = bodies.follow(payload as Readable)
    // What is refused for its length is not read any further.
    reply.raw.once('finish', () => body.destroy())
    done(null, body)
  }
}
