/**
 * Tokens whose signature has been verified, so that the next request with the same one costs only a
 * lookup.
 *
 * Keyed by the whole token: a digest or a prefix could be made to collide or miss. Bounded in
 * number and in time: an entry is never used at or after its `exp`, and only for some minutes, so
 * that a withdrawn key is noticed even without a revocation feed. A revoked token stays: the
 * verifier checks revocations for every request, and refusing it from memory takes a twentieth of
 * the time of verifying the signature again.
 */

import type { AccessTokenClaims } from '../protocol/index.ts'

export interface VerifiedToken {
  readonly claims: AccessTokenClaims
  /** The key that signed it. */
  readonly kid: string
  /** `claims.scope`, split once. */
  readonly scopes: ReadonlySet<string>
}

interface Entry {
  readonly verified: VerifiedToken
  /** Unix seconds. A time before `from` means that the clock was set back. */
  readonly from: number
  readonly until: number
}

const SERVES_SECONDS = 300

export class VerifiedTokens {
  /**
   * Keyed by the whole header, `Bearer` included: extracting the token would take longer than the
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
   * At the limit the oldest entry is dropped: it is the one closest to its end.
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
