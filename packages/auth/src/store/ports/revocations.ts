/** The ports for revoking single tokens, and for the feed, which also names clients and keys. */

import type { RevocationPage } from '@modulariot/oauth/protocol'

/** A token that its holder revokes. */
export interface TokenRevocation {
  readonly jti: string
  readonly client_id: string
  /** Its `exp`. */
  readonly expires: number
}

export interface RevokedTokens {
  /**
   * Puts a token on the feed; `already` when it is there. Not audited: a client may revoke each of
   * its tokens.
   *
   * @param maxLiving returns `too_many`, and changes nothing, when the feed has this many tokens of
   *   the client.
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
   * Unexpired entries after the cursor, in the order in which they were added.
   *
   * @param after null, or a cursor this feed does not know (the feed was restored from a backup, or
   *   the entry has expired): from the beginning.
   */
  readRevocations(query: {
    after: string | null
    limit: number
    nowSeconds: number
  }): Promise<RevocationPage>
}
