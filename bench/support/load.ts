/** The parameters of the load generator, and its result. */

export interface Load {
  readonly port: number
  readonly seconds: number
  /** Whole requests as bytes on the wire, sent in order. */
  readonly requests: readonly string[]
  /** Send each request once; otherwise start over. */
  readonly once: boolean
  /** Concurrent requests; `CONNECTIONS` by default. */
  readonly connections?: number
  /** Any other status fails the measurement. */
  readonly status: number
  /** Change the address after this many requests, since failures are limited by address. */
  readonly requestsPerAddress: number | null
}

export interface LoadResult {
  readonly answers: number
  readonly elapsedSeconds: number
  readonly p50Ms: number
  readonly p99Ms: number
  /** The last response, whole. */
  readonly sample: string
  /** Near 1 the generator was the limit, not the server. */
  readonly generatorBusy: number
}

export const CONNECTIONS = 32

/** Replaced in a request by a number that no other request has. */
export const SERIAL = '%%%%%%%%%%'
