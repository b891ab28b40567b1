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
  /**
   * Finds out whether there are keys, loading them where none are known.
   *
   * @throws OAuthError `temporarily_unavailable` (503), its message with the reason for the
   *   operator.
   */
  check?(): Promise<void>
  /** Calls back each time keys could not be loaded, with the error that `check` would throw. */
  onFault?(listener: (error: Error) => void): void
  /** Told when a key was revoked, so that its successor is known before its first token comes. */
  reload?(): void
}
