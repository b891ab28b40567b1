/**
 * The signing keys in use: signs tokens, publishes the public halves, and verifies in this process.
 *
 * The store holds the keys sealed; the ring holds them open, in memory only.
 */

import type { SigningAlgorithm } from '@modulariot/oauth/protocol'
import { ACCESS_TOKEN_TYPE, type AccessTokenType } from '@modulariot/oauth/protocol'
import {
  type AccessTokenHeader,
  findVerificationKey,
  type JsonWebKeySet,
  type KeySource,
} from '@modulariot/oauth/resource-server'
import type { CryptoKey } from 'jose'
import { SealBroken } from '../errors/seal-broken.ts'
import { SignerFault } from '../errors/signer-fault.ts'
import type { SealedKey } from '../records/sealed-key.ts'
import type { SigningKeyStore } from '../store/ports/signing-keys.ts'
import type { EncryptionKeys } from './encryption-keys.ts'
import { type ExternalKeys, needingSigner } from './external-keys.ts'
import { keyChange, systemDraft } from './key-change.ts'
import { holderOf } from './key-holder.ts'
import {
  begin,
  type KeyAge,
  type KeyPolicy,
  type KeyStep,
  keyAges,
  maintain,
  stateOf,
  wanted,
} from './key-life.ts'
import type { EightSigner } from './multi-buffer/eight-signer.ts'
import { type Candidates, makeCandidates } from './new-candidates.ts'
import { noKeyYet, unavailable } from './no-key-yet.ts'
import {
  headerOf,
  type OpenedText,
  openKey,
  type SigningHalf,
  type TokenHeader,
} from './open-key.ts'
import { createSignatures, type MakeSignature } from './signatures.ts'

interface OpenKey extends SigningHalf {
  readonly kid: string
  /** Unix milliseconds. */
  readonly activatesAt: number
}

export interface KeyRingOptions {
  readonly store: Pick<SigningKeyStore, 'listSigningKeys' | 'updateSigningKeys'>
  /** The ring has them follow the keys in the store. */
  readonly encryptionKeys: EncryptionKeys
  readonly policy: KeyPolicy
  /** Null: no external signer is set. Default: null. */
  readonly external?: ExternalKeys | null
  /** Signs RS256 eight at a time. Default: null. */
  readonly eightSigner?: EightSigner | null
  /** Unix milliseconds. */
  readonly now: () => number
}

export class KeyRing implements KeySource {
  readonly #options: KeyRingOptions
  readonly #makeSignature: MakeSignature
  /** The keys that sign or will sign, by algorithm, latest first. */
  #signing = new Map<SigningAlgorithm, OpenKey[]>()
  /** Opened keys, by `kid`. */
  #open = new Map<string, OpenedText>()
  #started = false
  #turn: Promise<void> = Promise.resolve()
  /** A read that has not started yet. */
  #again: Promise<void> | null = null
  #keys: readonly SealedKey[] = []
  #published: JsonWebKeySet = { keys: [] }
  #imported = new Map<string, Promise<CryptoKey | null>>()

  constructor(options: KeyRingOptions) {
    this.#options = options
    this.#makeSignature = createSignatures({ eightSigner: options.eightSigner ?? null })
  }

  /**
   * Reads the keys from the store, and creates one for each algorithm that has none.
   *
   * Candidates are generated before the update, since the store's updaters are synchronous. If
   * another process was first, its key stays and our candidate is dropped.
   *
   * @throws SealBroken when the encryption key does not fit; SignerFault when no key could be made,
   *   after the others are in place.
   */
  load(algorithms: readonly SigningAlgorithm[]): Promise<void> {
    return this.#inTurn(() => this.#loadNow(algorithms))
  }

  async #loadNow(algorithms: readonly SigningAlgorithm[]): Promise<void> {
    const { store, now } = this.#options
    const keys = await store.listSigningKeys()
    if (!this.#started && keys.length > 0) await this.#take(keys)
    const signing = keys.filter((key) => stateOf(key, now()) === 'active').map(({ alg }) => alg)
    const missing = algorithms.filter((alg) => !signing.includes(alg))
    if (missing.length === 0) return this.#take(keys)
    const candidates = await this.#candidates(missing, keys)
    await this.#change(keys, candidates, (current) =>
      this.#opensSome(current) ? begin(current, candidates.keys, now()) : null,
    )
  }

  /**
   * If all keys are sealed with another encryption key, a key of ours would lock out all other
   * instances.
   */
  #opensSome(keys: readonly SealedKey[]): boolean {
    return keys.length === 0 || keys.some(({ kid }) => this.#open.has(kid))
  }

  /**
   * Reads the current keys, and creates none. Calls made before the read starts share it.
   *
   * @throws StoreUnavailable
   */
  readAgain(): Promise<void> {
    this.#again ??= this.#inTurn(async () => {
      this.#again = null
      const keys = await this.#options.store.listSigningKeys()
      await this.#take(keys).catch((error) => {
        // A key that cannot be opened is still published, which is all the caller needs.
        if (!(error instanceof SealBroken || error instanceof SignerFault)) throw error
      })
    })
    return this.#again
  }

  /** Runs the automatic steps of `maintain`. */
  maintain(algorithms: readonly SigningAlgorithm[]): Promise<void> {
    return this.#inTurn(() => this.#maintainNow(algorithms))
  }

  async #maintainNow(algorithms: readonly SigningAlgorithm[]): Promise<void> {
    const { store, now, policy } = this.#options
    const keys = await store.listSigningKeys()
    const candidates = await this.#candidates(wanted(keys, algorithms, now(), policy), keys)
    await this.#change(keys, candidates, (current) =>
      maintain(current, candidates.keys, now(), policy),
    )
  }

  /** A compact JWS (RFC 7515 §7.1) over the payload. */
  async sign(
    alg: SigningAlgorithm,
    payload: string,
    typ: AccessTokenType = ACCESS_TOKEN_TYPE,
  ): Promise<string> {
    const key = this.#keyFor(alg)
    const input = key.headerSegments[typ] + Buffer.from(payload).toString('base64url')
    const bytes = Buffer.from(input, 'latin1')
    const signature =
      key.privateKey === null
        ? await this.#signOutside(alg, bytes, key)
        : await this.#makeSignature(alg, bytes, key.privateKey)
    // Joined into a flat string: a concatenated one is flattened by V8 at each write.
    return [input, signature.toString('base64url')].join('.')
  }

  /** Of the tokens that `sign` makes now. */
  headerOf(alg: SigningAlgorithm, typ: AccessTokenType): TokenHeader {
    return headerOf({ alg, kid: this.#keyFor(alg).kid }, typ)
  }

  #keyFor(alg: SigningAlgorithm): OpenKey {
    const now = this.#options.now()
    const key = this.#signing.get(alg)?.find(({ activatesAt }) => activatesAt <= now)
    if (key === undefined) throw noKeyYet(alg)
    return key
  }

  async #signOutside(
    alg: SigningAlgorithm,
    input: Buffer,
    { external: key }: SigningHalf,
  ): Promise<Buffer> {
    try {
      const { external } = this.#options
      if (!external || key === null) throw new SignerFault('missing', 'There is no signer')
      return await external.sign(alg, input, key)
    } catch (error) {
      throw unavailable(`signer: ${(error as Partial<SignerFault>).kind ?? 'failed'}`, error)
    }
  }

  /** Whether a key that signs now is with the external signer, which is not available. */
  isSignerDown(): boolean {
    const { external = null, now } = this.#options
    if (external?.isUp() ?? true) return false
    return this.#keys.some((key) => holderOf(key) === 'signer' && stateOf(key, now()) === 'active')
  }

  /** The JWK Set to publish: every key that may verify a valid token. */
  publicKeys(): JsonWebKeySet {
    return this.#published
  }

  /** Of the keys as last read from the store. */
  ages(): KeyAge[] {
    return keyAges(this.#keys, this.#options.now(), this.#options.policy)
  }

  async find(header: AccessTokenHeader): Promise<CryptoKey | null> {
    if (!this.#published.keys.some(({ kid }) => kid === header.kid)) return null
    const id = `${header.alg} ${header.kid}`
    const known = this.#imported.get(id) ?? findVerificationKey(this.#published, header)
    this.#imported.set(id, known)
    return known
  }

  /** One after the other, so that an older read cannot replace a newer one. */
  #inTurn(work: () => Promise<void>): Promise<void> {
    const turn = this.#turn.then(work)
    this.#turn = turn.catch(() => {})
    return turn
  }

  /** @param known the keys as just read, which may be under another encryption key by now. */
  async #candidates(
    algorithms: readonly SigningAlgorithm[],
    known: readonly SealedKey[],
  ): Promise<Candidates> {
    const { encryptionKeys, now, policy, external = null } = this.#options
    if (algorithms.length > 0) await encryptionKeys.followKeys(known)
    const { sealing: sealingKey } = encryptionKeys.keysInUse
    return makeCandidates(algorithms, known, { external, policy, sealingKey, nowMs: now() })
  }

  /**
   * Changes the keys, unless there is nothing to do.
   *
   * @param known the keys as just read. Usually they show that nothing is due, and the store's lock
   *   is not taken. If they were resealed since, nothing is done: what was made since is under
   *   the former encryption key, and no instance would start without it.
   * @throws SignerFault when a candidate could not be made, after the rest is done.
   */
  async #change(
    known: readonly SealedKey[],
    candidates: Candidates,
    step: (current: readonly SealedKey[]) => KeyStep | null,
  ): Promise<void> {
    const { store, now, external, encryptionKeys } = this.#options
    if (step(known) === null) await this.#take(known)
    else {
      const before = new Map(known.map(({ kid, sealed }) => [kid, sealed]))
      let unused: readonly SealedKey[] = candidates.keys
      const update = (current: readonly SealedKey[]) => {
        const resealed = current.some(({ kid, sealed }) => (before.get(kid) ?? sealed) !== sealed)
        const next = resealed ? null : step(current)
        const kids = new Set((next?.keys ?? current).map(({ kid }) => kid))
        unused = [...current, ...candidates.keys].filter(({ kid }) => !kids.has(kid))
        return next === null ? null : keyChange(next, systemDraft(now()))
      }
      const keys = await store.updateSigningKeys(update).catch((error: unknown) => {
        external?.keep(candidates.keys, candidates.sealingKey)
        throw error
      })
      await this.#take(keys).finally(() => external?.discard(unused, encryptionKeys.sealingKeys))
    }
    if (candidates.fault !== null) throw candidates.fault
  }

  /**
   * Puts these keys in place of the previous ones. A key that cannot be opened is still published,
   * since other instances may sign with it, and does not block the others; at startup it is
   * refused.
   *
   * A key that is with a signer is one that cannot be opened if no signer is set.
   *
   * @throws SealBroken, SignerFault about the first such key, after the others are in place.
   */
  async #take(keys: readonly SealedKey[]): Promise<void> {
    const opened = await Promise.allSettled(keys.map((key) => this.#openOne(key)))
    const broken = opened.find((result) => result.status === 'rejected')?.reason
    const fault =
      broken ?? (this.#options.external ? null : needingSigner(keys, this.#options.now()))
    if (fault !== null && !this.#started) throw fault
    const signing = new Map<SigningAlgorithm, OpenKey[]>()
    const open = new Map<string, OpenedText>()
    for (const [index, { kid, alg, activates_at }] of keys.entries()) {
      const result = opened[index]
      const key = result?.status === 'fulfilled' ? result.value : this.#open.get(kid)
      if (key === undefined) continue
      open.set(kid, key)
      if (activates_at === null || (key.external !== null && !this.#options.external)) continue
      const own = signing.get(alg) ?? []
      signing.set(alg, [...own, { ...key, kid, activatesAt: Date.parse(activates_at) }])
    }
    for (const own of signing.values()) own.sort((a, b) => b.activatesAt - a.activatesAt)
    this.#started = true
    this.#open = open
    this.#options.encryptionKeys.follow([...open.values()].map(({ by }) => by))
    this.#signing = signing
    this.#keys = keys
    this.#published = { keys: rsaFirst(keys).map((key) => key.public_jwk) }
    this.#imported = new Map()
    this.#wipeRetired()
    if (fault !== null) throw fault
  }

  /** The library for RS256 keeps its own copy of the keys it signs with. */
  #wipeRetired(): void {
    const { eightSigner, now } = this.#options
    if (!eightSigner) return
    const signing = this.#keys.filter((key) => ['next', 'active'].includes(stateOf(key, now())))
    eightSigner.keepOnly(signing.flatMap(({ kid }) => this.#open.get(kid)?.privateKey ?? []))
  }

  async #openOne(key: SealedKey): Promise<OpenedText> {
    const known = this.#open.get(key.kid)
    if (known?.sealed === key.sealed) return known
    return openKey(key, this.#options.encryptionKeys)
  }
}

/** Some verifiers try the first key only, or stop at a type that they do not know. */
function rsaFirst(keys: readonly SealedKey[]): SealedKey[] {
  return [...keys].sort((a, b) => Number(isRsa(b)) - Number(isRsa(a)))
}

const isRsa = ({ public_jwk }: SealedKey): boolean => public_jwk.kty === 'RSA'
