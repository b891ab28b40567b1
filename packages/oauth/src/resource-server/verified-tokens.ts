/**
 * Tokens whose signature has been verified, so that the next request with the same one costs a lookup.
 *
 * Keyed by the whole token: a digest or a prefix could be made to collide or miss. Bounded, and an
 * entry is never given out at or after its `exp`.
 */

import type { AccessTokenClaims } from '../protocol/index.ts'

export interface VerifiedToken {
  readonly claims: AccessTokenClaims
  /** Of the key that signed it. */
  readonly kid: string
  /** `claims.scope`, taken apart once. */
  readonly scopes: ReadonlySet<string>
}

export class VerifiedTokens {
  /** By `Bearer` and the token, as the header has it: cutting the token out costs more than the lookup. */
  readonly #known = new Map<string, VerifiedToken>()
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
    if (nowSeconds >= known.claims.exp) {
      this.#known.delete(header)
      return undefined
    }
    return known
  }

  /** Past the bound the oldest entry goes: it is the one closest to its end. */
  set(header: string, verified: VerifiedToken): void {
    if (this.#max === 0) return
    if (this.#known.size >= this.#max) {
      const oldest = this.#known.keys().next()
      if (!oldest.done) this.#known.delete(oldest.value)
    }
    this.#known.set(header, verified)
  }

  get size(): number {
    return this.#known.size
  }
}
