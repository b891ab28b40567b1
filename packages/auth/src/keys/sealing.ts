/**
 * Private keys at rest: a JWK inside a compact JWE (RFC 7516, `dir` with A256GCM), sealed under a
 * key derived from the installation's encryption key. A stolen database signs nothing.
 *
 * The reference of a key that an external signer holds is sealed in the same way. It is no secret,
 * but the seal binds it to its `kid`, and states which encryption key is in use.
 */

import { hkdfSync } from 'node:crypto'
import type { JWK } from 'jose'
import { compactDecrypt } from 'jose/jwe/compact/decrypt'
import { CompactEncrypt } from 'jose/jwe/compact/encrypt'
import { SealBroken } from '../errors/seal-broken.ts'
import { REFERENCE_TYPE } from './key-holder.ts'

/** The private half of a signing key: the key, or where the external signer finds it. */
export type PrivateHalf = JWK | ExternalReference

export interface ExternalReference {
  readonly signer_reference: string
}

export const isExternal = (half: PrivateHalf): half is ExternalReference =>
  'signer_reference' in half

/** Keys derived from the operator's one key, one for each purpose (HKDF, RFC 5869). */
export interface InstallationKeys {
  readonly sealing: Uint8Array
  readonly secretDigest: Uint8Array
  /** The seed of the Ed25519 key that signs checkpoints of the trail. */
  readonly checkpoint: Uint8Array
  /** Signs the cookies of persons. */
  readonly sessionCookie: Uint8Array
  /** Encrypts what better-auth keeps of second factors, and signs what it sends. */
  readonly accounts: Uint8Array
  /** What the setup code of a new installation is made of. */
  readonly setupCode: Uint8Array
}

/** @param encryptionKey 32 random bytes. */
export function deriveInstallationKeys(encryptionKey: Uint8Array): InstallationKeys {
  const derive = (purpose: string): Uint8Array =>
    new Uint8Array(hkdfSync('sha256', encryptionKey, '', `modulariot ${purpose} v1`, 32))
  return {
    sealing: derive('signing-key seal'),
    secretDigest: derive('secret digest'),
    checkpoint: derive('audit checkpoint'),
    sessionCookie: derive('session cookie'),
    accounts: derive('accounts'),
    setupCode: derive('setup code'),
  }
}

/** The `kid` is bound into the seal, so that sealed keys cannot be swapped for one another. */
export function seal(half: PrivateHalf, kid: string, sealingKey: Uint8Array): Promise<string> {
  const cty = isExternal(half) ? { cty: REFERENCE_TYPE } : {}
  return new CompactEncrypt(new TextEncoder().encode(JSON.stringify(half)))
    .setProtectedHeader({ alg: 'dir', enc: 'A256GCM', kid, ...cty })
    .encrypt(sealingKey)
}

/**
 * @throws SealBroken when it is the wrong key, or the sealed text was altered or belongs to another
 *   key.
 */
export async function unseal(
  sealed: string,
  kid: string,
  sealingKey: Uint8Array,
): Promise<PrivateHalf> {
  try {
    const { plaintext, protectedHeader } = await compactDecrypt(sealed, sealingKey, {
      keyManagementAlgorithms: ['dir'],
      contentEncryptionAlgorithms: ['A256GCM'],
    })
    if (protectedHeader.kid !== kid) throw new Error('another key')
    return JSON.parse(new TextDecoder().decode(plaintext)) as PrivateHalf
  } catch {
    throw new SealBroken(
      `The signing key ${kid} cannot be opened: MIOT_ENCRYPTION_KEY is not the one it was sealed with ` +
        '(after miot keys reseal, set it to the new key)',
    )
  }
}
