/**
 * What has been revoked and could still be used, in memory: a verifier asks it for every request.
 *
 * It only ever learns; what it knows goes when the tokens it is about have expired anyway.
 */

import type { AccessTokenClaims, Revocation } from '../protocol/index.ts'

/** A token as far as a revocation can name it. */
export type RevocableToken = Pick<AccessTokenClaims, 'jti' | 'client_id' | 'iat'> & {
  readonly kid: string
}

/** Who can tell whether a token that verifies still counts. */
export interface RevocationSource {
  /** @throws OAuthError `temporarily_unavailable` (503) when it cannot be known any more. */
  isRevoked(token: RevocableToken): boolean
  /** Calls back each time a key was revoked. */
  onKeyRevoked?(listener: () => void): void
}

export class RevocationList implements RevocationSource {
  /** When each can be forgotten, Unix seconds. */
  readonly #tokens = new Map<string, number>()
  readonly #keys = new Map<string, number>()
  readonly #clients = new Map<string, { issued_until: number; expires: number }>()
  readonly #maxEntries: number

  /** @param maxEntries how many are remembered at most. */
  constructor(maxEntries = Number.POSITIVE_INFINITY) {
    this.#maxEntries = maxEntries
  }

  /** How many entries are remembered, of all kinds. */
  get size(): number {
    return this.#tokens.size + this.#keys.size + this.#clients.size
  }

  /** @returns false when there is no room for all of them; those that fit are remembered. */
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

  /** Drops what has nothing left to kill. */
  forget(nowSeconds: number): void {
    for (const [jti, expires] of this.#tokens) if (expires <= nowSeconds) this.#tokens.delete(jti)
    for (const [kid, expires] of this.#keys) if (expires <= nowSeconds) this.#keys.delete(kid)
    for (const [id, { expires }] of this.#clients) {
      if (expires <= nowSeconds) this.#clients.delete(id)
    }
  }

  /** A feed that is read from its start again, or answered by a backup, never gives life back. */
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
