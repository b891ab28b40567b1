/** Where a verifier finds the public key a token names. */

import type { CryptoKey } from 'jose'
import type { AccessTokenHeader } from './compact-token.ts'

export interface KeySource {
  /**
   * The key for this `kid` that may verify this `alg`, or null when there is none.
   *
   * @throws OAuthError `temporarily_unavailable` (503) when it cannot be known right now.
   */
  find(header: AccessTokenHeader): Promise<CryptoKey | null>
  /** Told when a key was revoked, so that its successor is known before its first token comes. */
  reload?(): void
}
