/** What is asked of the load generator, and what it tells. */

export interface Load {
  readonly port: number
  readonly seconds: number
  /** Whole requests as they go on the wire, sent in order. */
  readonly requests: readonly string[]
  /** Each request once and no more; otherwise from the start again. */
  readonly once: boolean
  /** How many at once; `CONNECTIONS` when left out. */
  readonly connections?: number
  /** Any other status is a failure of the measurement. */
  readonly status: number
  /** Whoever counts failures counts them by address: a new one after so many requests. */
  readonly requestsAnAddress: number | null
}

export interface LoadResult {
  readonly answers: number
  readonly elapsedSeconds: number
  readonly p50Ms: number
  readonly p99Ms: number
  /** The last answer, whole. */
  readonly sample: string
  /** Near 1 the generator was the limit, not the server. */
  readonly generatorBusy: number
}

export const CONNECTIONS = 32

/** Where it stands in a request, a number is sent that no other request has. */
export const SERIAL = '%%%%%%%%%%'
