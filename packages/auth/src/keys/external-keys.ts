/**
 * Signing keys that an external signer holds. What the signer answers is checked before it is used:
 * each signature with the public key, and each new key with a signature.
 */

import { createPublicKey, type KeyObject, randomBytes, verify } from 'node:crypto'
import { KEY_TYPES, type SigningAlgorithm } from '@modulariot/oauth/protocol'
import type { JWK } from 'jose'
import { SignerFault, type SignerFaultKind } from '../errors/signer-fault.ts'
import type { SealedKey } from '../records/sealed-key.ts'
import { ALGORITHMS } from './algorithms.ts'
import type { ExternalSigner } from './external-signer.ts'
import { holderOf } from './key-holder.ts'
import { stateOf } from './key-life.ts'
import { keyRecord } from './new-key.ts'
import { isExternal, unseal } from './sealing.ts'

export interface ExternalKey {
  readonly kid: string
  readonly reference: string
  readonly publicKey: KeyObject
}

export interface ExternalKeysOptions {
  readonly signer: ExternalSigner
  /** Called with a key that could not be destroyed. */
  readonly onError: (error: unknown) => void
  /** Called after each signature, with how it ended. Default: not counted. */
  readonly onSigned?: (outcome: 'signed' | SignerFaultKind, elapsedMs: number) => void
}

/** RSA in bits. Signing with 4096 takes seven times as long as with 2048. */
const MODULUS_BITS = { min: 2048, max: 4096 } as const

/** Something to sign that cannot pass for a token: it has no dot. */
const probe = (): Buffer =>
  Buffer.from(`modulariot signer probe ${randomBytes(16).toString('hex')}`)

export class ExternalKeys {
  readonly #options: ExternalKeysOptions
  /** Made for a write that failed, which may have happened all the same. */
  #spares: { readonly key: SealedKey; readonly sealingKey: Uint8Array }[] = []

  constructor(options: ExternalKeysOptions) {
    this.#options = options
  }

  isUp(): boolean {
    return this.#options.signer.isUp()
  }

  /**
   * Makes a key, or takes one that was made before and could not be stored: an HSM has room for
   * few, and a full disk would otherwise fill it.
   *
   * @param known the keys in the store.
   * @throws SignerFault
   */
  async make(
    alg: SigningAlgorithm,
    sealingKey: Uint8Array,
    nowMs: number,
    known: readonly SealedKey[],
  ): Promise<SealedKey> {
    const isStored = (kid: string) => known.some((key) => key.kid === kid)
    this.#spares = this.#spares.filter(({ key }) => !isStored(key.kid))
    const spare = this.#spares.find(
      (one) => one.key.alg === alg && Buffer.from(one.sealingKey).equals(sealingKey),
    )
    if (spare !== undefined) {
      this.#spares = this.#spares.filter((one) => one !== spare)
      return { ...spare.key, created_at: new Date(nowMs).toISOString() }
    }
    return this.#create(alg, sealingKey, nowMs, isStored)
  }

  async #create(
    alg: SigningAlgorithm,
    sealingKey: Uint8Array,
    nowMs: number,
    isStored: (kid: string) => boolean,
  ): Promise<SealedKey> {
    const { reference, public_jwk } = await this.#options.signer.create(alg)
    const half = { signer_reference: reference }
    // Exported again: without further members, and in the one form that has a thumbprint.
    const publicKey = publicKeyOf(alg, public_jwk)
    const jwk = publicKey.export({ format: 'jwk' }) as JWK
    const record = await keyRecord(alg, jwk, half, sealingKey, nowMs)
    const { kid } = record
    // Destroying it would end the key in use.
    if (isStored(kid)) throw new SignerFault('wrong_key', `The signer made no new key, but ${kid}`)
    try {
      await this.#signVerified(alg, probe(), { kid, reference, publicKey })
      return record
    } catch (error) {
      await this.#destroy(reference)
      throw error
    }
  }

  /** The write of these keys failed. They are used again, unless they turn up in the store. */
  keep(candidates: readonly SealedKey[], sealingKey: Uint8Array): void {
    const own = candidates.filter((key) => holderOf(key) === 'signer')
    this.#spares.push(...own.map((key) => ({ key, sealingKey })))
  }

  /** Destroys those of the keys that the signer holds: they are not, or no longer, in the store. */
  async discard(keys: readonly SealedKey[], sealingKeys: readonly Uint8Array[]): Promise<void> {
    for (const key of keys) {
      if (holderOf(key) !== 'signer') continue
      const reference = await referenceOf(key, sealingKeys)
      if (reference !== null) await this.#destroy(reference)
    }
  }

  /**
   * Signs, and verifies with the public key.
   *
   * @throws SignerFault
   */
  async sign(alg: SigningAlgorithm, input: Buffer, key: ExternalKey): Promise<Buffer> {
    const { onSigned = () => {} } = this.#options
    const began = performance.now()
    try {
      const signature = await this.#signVerified(alg, input, key)
      onSigned('signed', performance.now() - began)
      return signature
    } catch (error) {
      const kind = error instanceof SignerFault ? error.kind : 'refused'
      onSigned(kind, performance.now() - began)
      throw error
    }
  }

  async #signVerified(alg: SigningAlgorithm, input: Buffer, key: ExternalKey): Promise<Buffer> {
    const signature = await this.#options.signer.sign(key.reference, alg, input)
    const { digest, options } = ALGORITHMS[alg]
    if (!verify(digest, input, { key: key.publicKey, ...options }, signature)) {
      throw new SignerFault(
        'wrong_signature',
        `The signer returned a signature that the public key of ${key.kid} does not verify: check that ` +
          `the key of reference ${key.reference} is the one it made`,
      )
    }
    return signature
  }

  async #destroy(reference: string): Promise<void> {
    try {
      await this.#options.signer.destroy(reference)
    } catch (error) {
      const { message } = error as Error
      const fault = `The signer still has the key of reference ${reference}, which is not used any more: ${message}`
      this.#options.onError(new Error(fault))
    }
  }
}

/** About a key that signs or will sign, and cannot without a signer; null: there is none. */
export function needingSigner(keys: readonly SealedKey[], nowMs: number): SignerFault | null {
  const found = keys.find(
    (key) => holderOf(key) === 'signer' && ['next', 'active'].includes(stateOf(key, nowMs)),
  )
  if (found === undefined) return null
  return new SignerFault(
    'missing',
    `The signing key ${found.kid} is with an external signer: set MIOT_SIGNER_COMMAND`,
  )
}

/** Signs and verifies a probe with each key of the store that the signer should sign with. */
export async function probeExternalKeys(
  keys: readonly SealedKey[],
  sealingKeys: readonly Uint8Array[],
  external: ExternalKeys,
): Promise<number> {
  let probed = 0
  for (const key of keys) {
    const reference = await referenceOf(key, sealingKeys)
    if (reference === null) continue
    const publicKey = createPublicKey({ key: key.public_jwk, format: 'jwk' })
    await external.sign(key.alg, probe(), { kid: key.kid, reference, publicKey })
    probed++
  }
  return probed
}

/** Null: the key is in the store, or opens with none of the sealing keys. */
async function referenceOf(
  { sealed, kid }: SealedKey,
  sealingKeys: readonly Uint8Array[],
): Promise<string | null> {
  for (const sealingKey of sealingKeys) {
    const half = await unseal(sealed, kid, sealingKey).catch(() => null)
    if (half !== null) return isExternal(half) ? half.signer_reference : null
  }
  return null
}

/** @throws SignerFault when it is no key for the algorithm. */
function publicKeyOf(alg: SigningAlgorithm, jwk: JWK): KeyObject {
  const { kty, crv } = KEY_TYPES[alg]
  const wrong = (what: string) =>
    new SignerFault('wrong_key', `The signer made a key that is no ${alg} key: ${what}`)
  if (jwk.kty !== kty || jwk.crv !== crv) throw wrong(`kty ${jwk.kty}, crv ${jwk.crv}`)
  let publicKey: KeyObject
  try {
    publicKey = createPublicKey({ key: jwk, format: 'jwk' })
  } catch (error) {
    throw wrong((error as Error).message)
  }
  const { modulusLength } = publicKey.asymmetricKeyDetails ?? {}
  if (modulusLength !== undefined) {
    const { min, max } = MODULUS_BITS
    if (modulusLength < min || modulusLength > max) throw wrong(`${modulusLength} bits`)
  }
  return publicKey
}
