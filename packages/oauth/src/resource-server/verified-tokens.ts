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
}

export class VerifiedTokens {
  readonly #known = new Map<string, VerifiedToken>()
  readonly #max: number

  constructor(max: number) {
    this.#max = max
  }

  /** @param nowSeconds Unix seconds. */
  get(token: string, nowSeconds: number): VerifiedToken | undefined {
    const known = this.#known.get(token)
    if (known === undefined) return undefined
    if (nowSeconds >= known.claims.exp) {
      this.#known.delete(token)
      return undefined
    }
    return known
  }

  /** Past the bound the oldest entry goes: it is the one closest to its end. */
  set(token: string, verified: VerifiedToken): void {
    if (this.#max === 0) return
    if (this.#known.size >= this.#max) {
      const oldest = this.#known.keys().next()
      if (!oldest.done) this.#known.delete(oldest.value)
    }
    this.#known.set(token, verified)
  }

  get size(): number {
    return this.#known.size
  }
}
