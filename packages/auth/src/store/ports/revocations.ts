/**
 * The ports for single tokens that are revoked, and for the feed that also names clients and keys.
 */

import type { RevocationPage } from '@modulariot/oauth/protocol'

/** A token that its holder puts on the feed. */
export interface TokenRevocation {
  readonly jti: string
  readonly client_id: string
  /** Its `exp`. */
  readonly expires: number
}

export interface RevokedTokens {
  /**
   * Puts one token on the feed; `already` when it is there. Not in the audit trail: a client may do
   * it to each of its tokens.
   *
   * @param maxLiving `too_many`, and nothing, when so many tokens of this client are on the feed.
   */
  revokeToken(
    token: TokenRevocation,
    maxLiving: number,
  ): Promise<'revoked' | 'already' | 'too_many'>
  /** Whether the feed names this token itself. */
  isTokenRevoked(jti: string): Promise<boolean>
}

export interface RevocationFeed {
  /**
   * Entries after the cursor that have not expired, in the order in which they came.
   *
   * @param after null, or a cursor this feed does not know (it was restored from a backup, or the
   *   entry has expired): from the beginning.
   */
  readRevocations(query: {
    after: string | null
    limit: number
    nowSeconds: number
  }): Promise<RevocationPage>
}
