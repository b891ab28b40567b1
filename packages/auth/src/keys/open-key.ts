/** Opens a stored signing key: parses its private half, and prepares the headers of its tokens. */

import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'
import type { AccessTokenType, SigningAlgorithm } from '@modulariot/oauth/protocol'
import type { SealedKey } from '../records/sealed-key.ts'
import type { EncryptionKeys } from './encryption-keys.ts'
import type { ExternalKey } from './external-keys.ts'
import { type InstallationKeys, isExternal } from './sealing.ts'

export interface SigningHalf {
  /** Null: with the external signer. */
  readonly privateKey: KeyObject | null
  /** Null: in this process. */
  readonly external: ExternalKey | null
  /** `BASE64URL(header).` of the tokens this key signs, by their `typ`. */
  readonly headerSegments: Readonly<Record<AccessTokenType, string>>
}

/** With the sealed text it was opened from. */
export interface OpenedText extends SigningHalf {
  readonly sealed: string
  readonly by: InstallationKeys
}

/** Of the tokens that a key signs (RFC 7515 §4.1). */
export function headerOf(
  { alg, kid }: Pick<SealedKey, 'alg' | 'kid'>,
  typ: AccessTokenType,
): TokenHeader {
  return { alg, kid, typ }
}

export interface TokenHeader {
  readonly alg: SigningAlgorithm
  readonly kid: string
  readonly typ: AccessTokenType
}

/** @throws SealBroken */
export async function openKey(
  key: SealedKey,
  encryptionKeys: Pick<EncryptionKeys, 'open'>,
): Promise<OpenedText> {
  const { half, by } = await encryptionKeys.open(key)
  const { alg, kid, sealed, public_jwk } = key
  const segment = (typ: AccessTokenType): string =>
    `${Buffer.from(JSON.stringify(headerOf({ alg, kid }, typ))).toString('base64url')}.`
  const headerSegments = { 'at+jwt': segment('at+jwt'), JWT: segment('JWT') }
  if (isExternal(half)) {
    const publicKey = createPublicKey({ key: public_jwk, format: 'jwk' })
    const external = { kid, reference: half.signer_reference, publicKey }
    return { sealed, by, headerSegments, external, privateKey: null }
  }
  const privateKey = createPrivateKey({ key: half, format: 'jwk' })
  return { sealed, by, headerSegments, privateKey, external: null }
}
