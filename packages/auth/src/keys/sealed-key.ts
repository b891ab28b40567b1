/** A signing key at rest: what the store sees of it. */

import type { SigningAlgorithm } from '@modulariot/oauth/protocol'
import type { JWK } from 'jose'

/** A signing key as the store keeps it. */
export interface SealedKey {
  readonly kid: string
  readonly alg: SigningAlgorithm
  /** The public half, as published. */
  readonly public_jwk: JWK
  /** The private half (see sealing.ts). */
  readonly sealed: string
  /** ISO 8601. */
  readonly created_at: string
}
