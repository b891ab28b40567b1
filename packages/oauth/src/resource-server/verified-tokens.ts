/**
 * Tokens whose signature has been verified, so that the next request with the same one costs a
 * lookup.
 *
 * Keyed by the whole token: a digest or a prefix could be made to collide or miss. Bounded in
 * number and in time: an entry is never given out at or after its `exp`, and serves some minutes
 * only, so that a key that was withdrawn is missed even without a revocation feed. A revoked token
 * keeps its place: the verifier checks the feed for every request, and refusing from memory costs a
 * twentieth of verifying the signature again.
 */

import type { AccessTokenClaims } from '../protocol/index.ts'

export interface VerifiedToken {
  readonly claims: AccessTokenClaims
  /** Of the key that signed it. */
  readonly kid: string
  /** `claims.scope`, taken apart once. */
  readonly scopes: ReadonlySet<string>
}

interface Entry {
  readonly verified: VerifiedToken
  /** Unix seconds. Before the first, somebody has set the clock back. */
  readonly from: number
  readonly until: number
}

const SERVES_SECONDS = 300

export class VerifiedTokens {
  /**
   * By `Bearer` and the token, as the header has it: cutting the token out costs more than the
   * lookup.
   */
  readonly #known = new Map<string, Entry>()
  readonly #max: number

  constructor(max: number) {
    this.#max = max
  }

  /**
   * @param header `Bearer`, one space and the token.
   * @param nowSeconds Unix seconds.
   */
  get(header: string, nowSeconds: number): VerifiedToken | undefined {
    const known = this.#known.get(header)
    if (known === undefined) return undefined
    if (nowSeconds >= known.until || nowSeconds < known.from) {
      this.#known.delete(header)
      return undefined
    }
    return known.verified
  }

  /**
   * Past the bound the oldest entry goes: it is the one closest to its end.
   *
   * @param nowSeconds when it was verified.
   */
  set(header: string, verified: VerifiedToken, nowSeconds: number): void {
    if (this.#max === 0) return
    this.#known.delete(header)
    if (this.#known.size >= this.#max) {
      const oldest = this.#known.keys().next()
      if (!oldest.done) this.#known.delete(oldest.value)
    }
    const until = Math.min(verified.claims.exp, nowSeconds + SERVES_SECONDS)
    this.#known.set(header, { verified, from: nowSeconds, until })
  }

  get size(): number {
    return this.#known.size
  }
}
