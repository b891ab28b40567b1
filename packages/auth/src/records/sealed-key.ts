/** A signing key at rest: what the store sees of it. */

import type { SigningAlgorithm } from '@modulariot/oauth/protocol'
import type { JWK } from 'jose'

/** A signing key as the store keeps it. */
export interface SealedKey {
  readonly kid: string
  readonly alg: SigningAlgorithm
  /** The public half, as published. */
  readonly public_jwk: JWK
  /** The private half (see keys/sealing.ts). */
  readonly sealed: string
  /** ISO 8601, as all times of the record. Published from then on. */
  readonly created_at: string
  /** Signs from then on; null: published only, until a rotation says when. */
  readonly activates_at: string | null
  /**
   * Signs no more from then on, and verifies until its last token has died; null: no end in sight.
   */
  readonly retires_at: string | null
}
