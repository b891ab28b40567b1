/**
 * The encryption keys that an instance knows: one, or two while the key is being changed.
 *
 * The store decides which of them is in use: the one that seals the signing keys there. So
 * `miot keys reseal` changes the key of all instances at once, and an instance that knows both
 * accepts what either has sealed or digested.
 */

import type { SealedKey } from '../records/sealed-key.ts'
import type { SigningKeyStore } from '../store/ports/signing-keys.ts'
import { type DigestKey, type DigestKeys, digestKeyId } from './digest-keys.ts'
import { type InstallationKeys, type PrivateHalf, unseal } from './sealing.ts'

export interface OpenedKey {
  readonly half: PrivateHalf
  /** The keys that it was sealed with. */
  readonly by: InstallationKeys
}

export class EncryptionKeys implements DigestKeys {
  readonly #first: Known
  readonly #second: Known | null
  #secondInUse = false

  /** @param changingTo null: the key is not being changed. */
  constructor(current: InstallationKeys, changingTo: InstallationKeys | null = null) {
    this.#first = known(current)
    this.#second = changingTo === null ? null : known(changingTo)
  }

  get keysInUse(): InstallationKeys {
    return this.#inUse.keys
  }

  /** The keys that are accepted as well; null: there is one encryption key only. */
  get otherKeys(): InstallationKeys | null {
    return (this.#secondInUse ? this.#first : this.#second)?.keys ?? null
  }

  /** Of all keys, that in use first. */
  get sealingKeys(): Uint8Array[] {
    return [this.keysInUse, this.otherKeys].flatMap((keys) => keys?.sealing ?? [])
  }

  /** Of all keys. */
  get ids(): string[] {
    return [this.#first, this.#second].flatMap((one) => (one === null ? [] : [one.digest.id]))
  }

  /** Digests new secrets. */
  get inUse(): DigestKey {
    return this.#inUse.digest
  }

  /** The key whose digests are accepted as well; null: there is one key only. */
  get other(): DigestKey | null {
    return (this.#secondInUse ? this.#first : this.#second)?.digest ?? null
  }

  get #inUse(): Known {
    return this.#secondInUse && this.#second !== null ? this.#second : this.#first
  }

  /** Opens the keys of a store only to know which encryption key is in use there. */
  async followStore(store: Pick<SigningKeyStore, 'listSigningKeys'>): Promise<void> {
    await this.followKeys(await store.listSigningKeys())
  }

  /** The same, of keys that were read from a store. */
  async followKeys(keys: readonly Pick<SealedKey, 'sealed' | 'kid'>[]): Promise<void> {
    const opened = await Promise.allSettled(keys.map((key) => this.open(key)))
    this.follow(opened.flatMap((one) => (one.status === 'fulfilled' ? [one.value.by] : [])))
  }

  /** @throws SealBroken when it was sealed with neither key. */
  async open({ sealed, kid }: Pick<SealedKey, 'sealed' | 'kid'>): Promise<OpenedKey> {
    const [first, second] = [this.#first.keys, this.#second?.keys]
    try {
      return { half: await unseal(sealed, kid, first.sealing), by: first }
    } catch (error) {
      if (second === undefined) throw error
      return { half: await unseal(sealed, kid, second.sealing), by: second }
    }
  }

  /**
   * Uses the key that the signing keys are sealed with; the new one as soon as it seals any.
   *
   * @param sealedBy of all signing keys that could be opened.
   */
  follow(sealedBy: readonly InstallationKeys[]): void {
    this.#secondInUse = sealedBy.some((keys) => keys === this.#second?.keys)
  }
}

interface Known {
  readonly keys: InstallationKeys
  readonly digest: DigestKey
}

function known(keys: InstallationKeys): Known {
  const { secretDigest: key } = keys
  return { keys, digest: { key, id: digestKeyId(key) } }
}
