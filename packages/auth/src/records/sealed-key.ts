/** A signing key at rest, as the store sees it. */

import type { SigningAlgorithm } from '@modulariot/oauth/protocol'
import type { JWK } from 'jose'

/** A signing key as the store keeps it. */
export interface SealedKey {
  readonly kid: string
  readonly alg: SigningAlgorithm
  /** The public half, as published. */
  readonly public_jwk: JWK
  /** The private half, or its reference at an external signer (see keys/sealing.ts). */
  readonly sealed: string
  /** ISO 8601, like all times in the record. Published from then on. */
  readonly created_at: string
  /** Signs from then on; null: published only, until a rotation sets it. */
  readonly activates_at: string | null
  /** Stops signing then, and verifies until its last token has expired; null: no end is set. */
  readonly retires_at: string | null
}
