/**
 * The port to an external signer: a program that holds signing keys in an HSM or a KMS (ADR 47).
 */

import type { SigningAlgorithm } from '@modulariot/oauth/protocol'
import type { JWK } from 'jose'

export interface CreatedKey {
  /** How the signer finds the key again, on every instance. Not a secret. */
  readonly reference: string
  readonly public_jwk: JWK
}

/** All calls end within a bound, and reject with SignerFault. What they return is not trusted. */
export interface ExternalSigner {
  create(alg: SigningAlgorithm): Promise<CreatedKey>
  /** @param input the bytes to sign, not their digest. */
  sign(reference: string, alg: SigningAlgorithm, input: Buffer): Promise<Buffer>
  /** A key that is gone already counts as destroyed. */
  destroy(reference: string): Promise<void>
  /** Whether calls can succeed now. */
  isUp(): boolean
}
