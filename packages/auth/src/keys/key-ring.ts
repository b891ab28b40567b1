/**
 * The signing keys in use: signs tokens, publishes the public halves, and verifies in this process.
 *
 * The store holds the keys sealed; the ring holds them open, in memory only.
 */

import { createPrivateKey, type KeyObject } from 'node:crypto'
import type { SigningAlgorithm } from '@modulariot/oauth/protocol'
import { ACCESS_TOKEN_TYPE, type AccessTokenType, OAuthError } from '@modulariot/oauth/protocol'
import {
  type AccessTokenHeader,
  findVerificationKey,
  type JsonWebKeySet,
  type KeySource,
} from '@modulariot/oauth/resource-server'
import type { CryptoKey } from 'jose'
import type { SealedKey } from '../records/sealed-key.ts'
import type { SigningKeyStore } from '../store/ports/signing-keys.ts'
import { keyChange, systemDraft } from './key-change.ts'
import { begin, type KeyPolicy, type KeyStep, maintain, stateOf, wanted } from './key-life.ts'
import { newKey } from './new-key.ts'
import { SealBroken, unseal } from './sealing.ts'
import { createSignatures } from './signatures.ts'

interface Signer {
  readonly privateKey: KeyObject
  /** `BASE64URL(header).` of the tokens this key signs, by their `typ`. */
  readonly headerSegments: Readonly<Record<AccessTokenType, string>>
}

/** With the sealed text it was opened from. */
interface OpenedText extends Signer {
  readonly sealed: string
}

interface OpenKey extends Signer {
  /** Unix milliseconds. */
  readonly activatesAt: number
}

export interface KeyRingOptions {
  readonly store: SigningKeyStore
  readonly sealingKey: Uint8Array
  readonly policy: KeyPolicy
  /** Unix milliseconds. */
  readonly now: () => number
}

export class KeyRing implements KeySource {
  readonly #options: KeyRingOptions
  readonly #makeSignature = createSignatures()
  /** The keys that sign or will sign, by algorithm, latest first. */
  #signing = new Map<SigningAlgorithm, OpenKey[]>()
  /** Opened keys, by `kid`. */
  #open = new Map<string, OpenedText>()
  #started = false
  #turn: Promise<void> = Promise.resolve()
  /** A read that has not started yet. */
  #again: Promise<void> | null = null
  #published: JsonWebKeySet = { keys: [] }
  #imported = new Map<string, Promise<CryptoKey | null>>()

  constructor(options: KeyRingOptions) {
    this.#options = options
  }

  /**
   * Reads the keys from the store, and creates one for each algorithm that has none.
   *
   * Candidates are generated before the update, since the store's updaters are synchronous. If
   * another process was first, its key stays and our candidate is dropped.
   *
   * @throws SealBroken when the encryption key does not fit.
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
    const candidates = await this.#candidates(missing)
    await this.#change(keys, (current) =>
      this.#opensSome(current) ? begin(current, candidates, now()) : null,
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
        if (!(error instanceof SealBroken)) throw error
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
    const candidates = await this.#candidates(wanted(keys, algorithms, now(), policy))
    await this.#change(keys, (current) => maintain(current, candidates, now(), policy))
  }

  /** A compact JWS (RFC 7515 §7.1) over the payload. */
  async sign(
    alg: SigningAlgorithm,
    payload: string,
    typ: AccessTokenType = ACCESS_TOKEN_TYPE,
  ): Promise<string> {
    const now = this.#options.now()
    const key = this.#signing.get(alg)?.find(({ activatesAt }) => activatesAt <= now)
    if (key === undefined) throw noKeyYet(alg)
    const input = key.headerSegments[typ] + Buffer.from(payload).toString('base64url')
    const bytes = Buffer.from(input, 'latin1')
    const signature = await this.#makeSignature(alg, bytes, key.privateKey)
    // Joined into a flat string: a concatenated one is flattened by V8 at each write.
    return [input, signature.toString('base64url')].join('.')
  }

  /** The JWK Set to publish: every key that may verify a valid token. */
  publicKeys(): JsonWebKeySet {
    return this.#published
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

  #candidates(algorithms: readonly SigningAlgorithm[]): Promise<SealedKey[]> {
    const { sealingKey, now } = this.#options
    return Promise.all(algorithms.map((alg) => newKey(alg, sealingKey, now())))
  }

  /**
   * Changes the keys, unless there is nothing to do.
   *
   * @param known the keys as just read. Usually they show that nothing is due, and the store's lock
   *   is not taken.
   */
  async #change(
    known: readonly SealedKey[],
    step: (current: readonly SealedKey[]) => KeyStep | null,
  ): Promise<void> {
    const { store, now } = this.#options
    if (step(known) === null) return this.#take(known)
    const keys = await store.updateSigningKeys((current) => {
      const next = step(current)
      return next === null ? null : keyChange(next, systemDraft(now()))
    })
    await this.#take(keys)
  }

  /**
   * Puts these keys in place of the previous ones. A key that cannot be opened is still published,
   * since other instances may sign with it, and does not block the others; at startup it is
   * refused.
   *
   * @throws SealBroken about the first such key, after the others are in place.
   */
  async #take(keys: readonly SealedKey[]): Promise<void> {
    const opened = await Promise.allSettled(keys.map((key) => this.#openOne(key)))
    const broken = opened.find((result) => result.status === 'rejected')
    if (broken !== undefined && !this.#started) throw broken.reason
    const signing = new Map<SigningAlgorithm, OpenKey[]>()
    const open = new Map<string, OpenedText>()
    for (const [index, { kid, alg, activates_at }] of keys.entries()) {
      const result = opened[index]
      const key = result?.status === 'fulfilled' ? result.value : this.#open.get(kid)
      if (key === undefined) continue
      open.set(kid, key)
      if (activates_at === null) continue
      const own = signing.get(alg) ?? []
      signing.set(alg, [...own, { ...key, activatesAt: Date.parse(activates_at) }])
    }
    for (const own of signing.values()) own.sort((a, b) => b.activatesAt - a.activatesAt)
    this.#started = true
    this.#open = open
    this.#signing = signing
    this.#published = { keys: rsaFirst(keys).map((key) => key.public_jwk) }
    this.#imported = new Map()
    if (broken !== undefined) throw broken.reason
  }

  async #openOne(key: SealedKey): Promise<OpenedText> {
    const known = this.#open.get(key.kid)
    if (known?.sealed === key.sealed) return known
    return { sealed: key.sealed, ...(await this.#unseal(key)) }
  }

  async #unseal(key: SealedKey): Promise<Signer> {
    const jwk = await unseal(key.sealed, key.kid, this.#options.sealingKey)
    const privateKey = createPrivateKey({ key: jwk, format: 'jwk' })
    const segment = (typ: AccessTokenType): string => {
      const header = JSON.stringify({ alg: key.alg, kid: key.kid, typ })
      return `${Buffer.from(header).toString('base64url')}.`
    }
    return { privateKey, headerSegments: { 'at+jwt': segment('at+jwt'), JWT: segment('JWT') } }
  }
}

/**
 * Another process has created the first audience with this algorithm; its key arrives within a
 * second.
 */
function noKeyYet(alg: SigningAlgorithm): OAuthError {
  return new OAuthError('temporarily_unavailable', 'Temporarily unavailable', 503, {
    kind: 'unavailable',
    detail: `no signing key for ${alg} yet`,
  })
}

/** Some verifiers try the first key only, or stop at a type that they do not know. */
function rsaFirst(keys: readonly SealedKey[]): SealedKey[] {
  return [...keys].sort((a, b) => Number(isRsa(b)) - Number(isRsa(a)))
}

const isRsa = ({ public_jwk }: SealedKey): boolean => public_jwk.kty === 'RSA'
