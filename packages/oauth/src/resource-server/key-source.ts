/** Where a verifier gets the public key that a token names. */

import type { CryptoKey } from 'jose'
import type { AccessTokenHeader } from './compact-token.ts'

export interface KeySource {
  /**
   * The key for this `kid` that may verify this `alg`, or null when there is none.
   *
   * @throws OAuthError `temporarily_unavailable` (503) when it is unknown at the moment.
   */
  find(header: AccessTokenHeader): Promise<CryptoKey | null>
  /**
   * Checks that there are keys, and loads them when there are none yet.
   *
   * @throws OAuthError `temporarily_unavailable` (503), its message with the cause for the
   *   operator.
   */
  check?(): Promise<void>
  /** Registers a listener for failed loads; it gets the error that `check` would throw. */
  onFault?(listener: (error: Error) => void): void
  /**
   * Called when a key was revoked, so that its successor is known before its first token arrives.
   */
  reload?(): void
}
