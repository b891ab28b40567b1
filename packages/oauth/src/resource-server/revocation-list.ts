/**
 * Revocations that still matter, in memory: a verifier checks it for every request.
 *
 * It only ever grows by what it learns; entries are dropped once the tokens they concern have
 * expired.
 */

import type { AccessTokenClaims, Revocation } from '../protocol/index.ts'

/** The parts of a token that a revocation can name. */
export type RevocableToken = Pick<AccessTokenClaims, 'jti' | 'client_id' | 'iat'> & {
  readonly kid: string
}

/** Tells whether a token that verifies has been revoked. */
export interface RevocationSource {
  /** @throws OAuthError `temporarily_unavailable` (503) when it is no longer known. */
  isRevoked(token: RevocableToken): boolean
  /** Registers a listener that is called each time a key was revoked. */
  onKeyRevoked?(listener: () => void): void
}

export class RevocationList implements RevocationSource {
  /** When each entry can be dropped, Unix seconds. */
  readonly #tokens = new Map<string, number>()
  readonly #keys = new Map<string, number>()
  readonly #clients = new Map<string, { issued_until: number; expires: number }>()
  readonly #maxEntries: number

  /** @param maxEntries how many entries are kept at most. */
  constructor(maxEntries = Number.POSITIVE_INFINITY) {
    this.#maxEntries = maxEntries
  }

  /** How many entries are kept, of all kinds. */
  get size(): number {
    return this.#tokens.size + this.#keys.size + this.#clients.size
  }

  /** @returns false when not all of them fit; those that fit are kept. */
  add(revocations: readonly Revocation[]): boolean {
    let fits = true
    for (const revocation of revocations) fits = this.#addOne(revocation) && fits
    return fits
  }

  isRevoked({ jti, client_id, iat, kid }: RevocableToken): boolean {
    const client = this.#clients.get(client_id)
    if (client !== undefined && iat <= client.issued_until) return true
    return this.#tokens.has(jti) || this.#keys.has(kid)
  }

  /** Drops entries that no longer have an effect. */
  forget(nowSeconds: number): void {
    for (const [jti, expires] of this.#tokens) if (expires <= nowSeconds) this.#tokens.delete(jti)
    for (const [kid, expires] of this.#keys) if (expires <= nowSeconds) this.#keys.delete(kid)
    for (const [id, { expires }] of this.#clients) {
      if (expires <= nowSeconds) this.#clients.delete(id)
    }
  }

  /**
   * Merges with the known entry: reading the feed again, or from a backup, never undoes a
   * revocation.
   */
  #addOne(revocation: Revocation): boolean {
    const { expires } = revocation
    switch (revocation.kind) {
      case 'token':
        return this.#remember(this.#tokens, revocation.jti, (known) => latest(expires, known))
      case 'key':
        return this.#remember(this.#keys, revocation.kid, (known) => latest(expires, known))
      case 'client':
        return this.#remember(this.#clients, revocation.client_id, (known) => ({
          issued_until: latest(revocation.issued_until, known?.issued_until),
          expires: latest(expires, known?.expires),
        }))
    }
  }

  #remember<Value>(
    entries: Map<string, Value>,
    id: string,
    merge: (known: Value | undefined) => Value,
  ): boolean {
    const known = entries.get(id)
    if (known === undefined && this.size >= this.#maxEntries) return false
    entries.set(id, merge(known))
    return true
  }
}

function latest(time: number, known: number | undefined): number {
  return known === undefined ? time : Math.max(time, known)
}
