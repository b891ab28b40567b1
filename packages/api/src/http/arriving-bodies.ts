/**
 * Large bodies on their way here, and how much of them is held.
 *
 * A slow sender is no fault, but a hundred that each stop short of the end of five megabytes would hold half a
 * gigabyte. Past the budget the one that has been on its way for longest is refused; whoever sends at speed
 * is through by then. What a small body has is not counted, of any: a fleet of them is never in the way of
 * anything here.
 */

import { type Readable, Transform } from 'node:stream'
import type { preParsingHookHandler } from 'fastify'
import { ApiError } from '../api-error.ts'
import type { ApiMetrics } from '../metrics.ts'

/** No more than a connection costs anyway. */
export const SMALL_BODY_BYTES = 64 * 1024

export const MAX_ARRIVING_BYTES = 64 * 1024 ** 2

/** At once the same would happen to it again. */
const RETRY_AFTER_SECONDS = 5

interface Arriving {
  bytes: number
  readonly refuse: () => void
}

export class ArrivingBodies {
  readonly #metrics: Pick<ApiMetrics, 'tracked'>
  readonly #maxBytes: number
  /** The oldest first. */
  readonly #arriving = new Set<Arriving>()
  #bytes = 0

  constructor(metrics: Pick<ApiMetrics, 'tracked'>, maxBytes: number = MAX_ARRIVING_BYTES) {
    this.#metrics = metrics
    this.#maxBytes = maxBytes
  }

  /** What is held of them now, above what a small one may have each. */
  get bytes(): number {
    return this.#bytes
  }

  /** Passes on what comes from `payload`. Closed early, the rest is read all the same, and thrown away. */
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
    const one: Arriving = { bytes: 0, refuse: () => counted.destroy(tooMuch()) }
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
      this.#metrics.tracked('refused')
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

function tooMuch(): ApiError {
  return new ApiError(
    429,
    'Too much at once',
    'More large bodies are on their way than can be held; send it again, faster or in smaller parts',
    RETRY_AFTER_SECONDS,
  )
}
