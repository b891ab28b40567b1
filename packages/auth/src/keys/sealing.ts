/**
 * Private keys at rest: a JWK inside a compact JWE (RFC 7516, `dir` with A256GCM), sealed under a
 * key derived from the installation's encryption key. A stolen database signs nothing.
 */

import { hkdfSync } from 'node:crypto'
import { CompactEncrypt, compactDecrypt, type JWK } from 'jose'

/** Keys derived from the operator's one key, one for each purpose (HKDF, RFC 5869). */
export interface InstallationKeys {
  readonly sealing: Uint8Array
  readonly secretDigest: Uint8Array
  /** The seed of the Ed25519 key that signs checkpoints of the trail. */
  readonly checkpoint: Uint8Array
}

export const ENCRYPTION_KEY_BYTES = 32

/** @param encryptionKey 32 random bytes. */
export function deriveInstallationKeys(encryptionKey: Uint8Array): InstallationKeys {
  const derive = (purpose: string): Uint8Array =>
    new Uint8Array(hkdfSync('sha256', encryptionKey, '', `modulariot ${purpose} v1`, 32))
  return {
    sealing: derive('signing-key seal'),
    secretDigest: derive('secret digest'),
    checkpoint: derive('audit checkpoint'),
  }
}

/** The data cannot be opened with the encryption key at hand. */
export class SealBroken extends Error {
  override readonly name = 'SealBroken'
}

/** The `kid` is bound into the seal, so that sealed keys cannot be swapped for one another. */
export function seal(jwk: JWK, kid: string, sealingKey: Uint8Array): Promise<string> {
  return new CompactEncrypt(new TextEncoder().encode(JSON.stringify(jwk)))
    .setProtectedHeader({ alg: 'dir', enc: 'A256GCM', kid })
    .encrypt(sealingKey)
}

/**
 * @throws SealBroken when it is the wrong key, or the sealed text was altered or belongs to another
 *   key.
 */
export async function unseal(sealed: string, kid: string, sealingKey: Uint8Array): Promise<JWK> {
  try {
    const { plaintext, protectedHeader } = await compactDecrypt(sealed, sealingKey, {
      keyManagementAlgorithms: ['dir'],
      contentEncryptionAlgorithms: ['A256GCM'],
    })
    if (protectedHeader.kid !== kid) throw new Error('another key')
    return JSON.parse(new TextDecoder().decode(plaintext)) as JWK
  } catch {
    throw new SealBroken(
      `The signing key ${kid} cannot be opened: MIOT_ENCRYPTION_KEY is not the one it was sealed with`,
    )
  }
}
