/**
 * Tokens whose signature has been verified, so that the next request with the same one costs a lookup.
 *
 * Keyed by the whole token: a digest or a prefix could be made to collide or miss. Bounded, and an
 * entry is never given out at or after its `exp`.
 */

import type { AccessTokenClaims } from '../protocol/index.ts'

export class VerifiedTokens {
  readonly #claims = new Map<string, AccessTokenClaims>()
  readonly #max: number

  constructor(max: number) {
    this.#max = max
  }

  /** @param nowSeconds Unix seconds. */
  get(token: string, nowSeconds: number): AccessTokenClaims | undefined {
    const claims = this.#claims.get(token)
    if (claims === undefined) return undefined
    if (nowSeconds >= claims.exp) {
      this.#claims.delete(token)
      return undefined
    }
    return claims
  }

  /** Past the bound the oldest entry goes: it is the one closest to its end. */
  set(token: string, claims: AccessTokenClaims): void {
    if (this.#max === 0) return
    if (this.#claims.size >= this.#max) {
      const oldest = this.#claims.keys().next()
      if (!oldest.done) this.#claims.delete(oldest.value)
    }
    this.#claims.set(token, claims)
  }

  get size(): number {
    return this.#claims.size
  }
}
