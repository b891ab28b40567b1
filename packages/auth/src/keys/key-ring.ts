/**
 * The signing keys in use: signs tokens, publishes the public halves, and verifies in one process.
 *
 * The store holds the keys sealed; this holds them open, in memory only.
 */

import { createPrivateKey, type KeyObject, type SignKeyObjectInput, sign } from 'node:crypto'
import { promisify } from 'node:util'
import type { SigningAlgorithm } from '@modulariot/oauth/protocol'
import { ACCESS_TOKEN_TYPE, OAuthError } from '@modulariot/oauth/protocol'
import {
  type AccessTokenHeader,
  findVerificationKey,
  type JsonWebKeySet,
  type KeySource,
} from '@modulariot/oauth/resource-server'
import type { CryptoKey } from 'jose'
import type { AuthStore } from '../store/store.ts'
import { ALGORITHMS } from './algorithms.ts'
import { keyChange, systemDraft } from './key-change.ts'
import { begin, type KeyPolicy, type KeyStep, maintain, stateOf, wanted } from './key-life.ts'
import { newKey } from './new-key.ts'
import type { SealedKey } from './sealed-key.ts'
import { unseal } from './sealing.ts'

interface OpenKey {
  /** Unix milliseconds. */
  readonly activatesAt: number
  readonly signWith: SignKeyObjectInput
  /** `BASE64URL(header).` of every token this key signs. */
  readonly headerSegment: string
}

export interface KeyRingOptions {
  readonly store: Pick<AuthStore, 'updateSigningKeys'>
  readonly sealingKey: Uint8Array
  readonly policy: KeyPolicy
  /** Unix milliseconds. */
  readonly now: () => number
}

const signOnThreadPool = promisify(sign)

export class KeyRing implements KeySource {
  readonly #options: KeyRingOptions
  /** Those that sign or will, of each algorithm, the latest first. */
  #signing = new Map<SigningAlgorithm, OpenKey[]>()
  /** What was opened stays open, by its sealed text: keys never change but in their times. */
  #open = new Map<string, Pick<OpenKey, 'signWith' | 'headerSegment'>>()
  #turn: Promise<void> = Promise.resolve()
  #published: JsonWebKeySet = { keys: [] }
  #imported = new Map<string, Promise<CryptoKey | null>>()

  constructor(options: KeyRingOptions) {
    this.#options = options
  }

  /**
   * Reads the keys from the store, making one for each algorithm that has none.
   *
   * Candidates are made before the store is asked, since its updaters are synchronous; where another
   * process was first, its key stays and our candidate is dropped.
   *
   * @throws SealBroken when the encryption key does not fit.
   */
  load(algorithms: readonly SigningAlgorithm[]): Promise<void> {
    return this.#inTurn(() => this.#loadNow(algorithms))
  }

  async #loadNow(algorithms: readonly SigningAlgorithm[]): Promise<void> {
    const { store, now } = this.#options
    const keys = await store.updateSigningKeys(() => null)
    const signing = keys.filter((key) => stateOf(key, now()) === 'active').map(({ alg }) => alg)
    const missing = algorithms.filter((alg) => !signing.includes(alg))
    if (missing.length === 0) return this.#take(keys)
    const candidates = await this.#candidates(missing)
    await this.#change((current) => begin(current, candidates, now()))
  }

  /** What a key's life asks for: see `maintain`. */
  maintain(algorithms: readonly SigningAlgorithm[]): Promise<void> {
    return this.#inTurn(() => this.#maintainNow(algorithms))
  }

  async #maintainNow(algorithms: readonly SigningAlgorithm[]): Promise<void> {
    const { store, now, policy } = this.#options
    const keys = await store.updateSigningKeys(() => null)
    const candidates = await this.#candidates(wanted(keys, algorithms, now(), policy))
    await this.#change((current) => maintain(current, candidates, now(), policy))
  }

  /**
   * A compact JWS (RFC 7515 §7.1) over the payload, with the `typ` of RFC 9068.
   *
   * Signing is the cost of a login, so it runs on the thread pool and lets other requests go on.
   */
  async sign(alg: SigningAlgorithm, payload: string): Promise<string> {
    const now = this.#options.now()
    const key = this.#signing.get(alg)?.find(({ activatesAt }) => activatesAt <= now)
    if (key === undefined) throw noKeyYet(alg)
    const input = key.headerSegment + Buffer.from(payload).toString('base64url')
    const signature = await signOnThreadPool(
      ALGORITHMS[alg].digest,
      Buffer.from(input),
      key.signWith,
    )
    return `${input}.${signature.toString('base64url')}`
  }

  /** The JWK Set to publish: every key that may verify a living token. */
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

  /** One after the other, or keys read earlier could replace those read later. */
  #inTurn(work: () => Promise<void>): Promise<void> {
    const turn = this.#turn.then(work)
    this.#turn = turn.catch(() => {})
    return turn
  }

  #candidates(algorithms: readonly SigningAlgorithm[]): Promise<SealedKey[]> {
    const { sealingKey, now } = this.#options
    return Promise.all(algorithms.map((alg) => newKey(alg, sealingKey, now())))
  }

  async #change(step: (current: readonly SealedKey[]) => KeyStep | null): Promise<void> {
    const { store, now } = this.#options
    const keys = await store.updateSigningKeys((current) => {
      const next = step(current)
      return next === null ? null : keyChange(next, systemDraft(now()))
    })
    await this.#take(keys)
  }

  async #take(keys: readonly SealedKey[]): Promise<void> {
    const open = new Map(
      await Promise.all(
        keys.map(
          async (key) =>
            [key.sealed, this.#open.get(key.sealed) ?? (await this.#unseal(key))] as const,
        ),
      ),
    )
    const signing = new Map<SigningAlgorithm, OpenKey[]>()
    for (const { sealed, alg, activates_at } of keys) {
      if (activates_at === null) continue
      const key = open.get(sealed) as Pick<OpenKey, 'signWith' | 'headerSegment'>
      const own = signing.get(alg) ?? []
      own.push({ ...key, activatesAt: Date.parse(activates_at) })
      own.sort((a, b) => b.activatesAt - a.activatesAt)
      signing.set(alg, own)
    }
    this.#open = open
    this.#signing = signing
    this.#published = { keys: keys.map((key) => key.public_jwk) }
    this.#imported = new Map()
  }

  async #unseal(key: SealedKey): Promise<Pick<OpenKey, 'signWith' | 'headerSegment'>> {
    const jwk = await unseal(key.sealed, key.kid, this.#options.sealingKey)
    const privateKey: KeyObject = createPrivateKey({ key: jwk, format: 'jwk' })
    const header = JSON.stringify({ alg: key.alg, kid: key.kid, typ: ACCESS_TOKEN_TYPE })
    return {
      signWith: { key: privateKey, ...ALGORITHMS[key.alg].options },
      headerSegment: `${Buffer.from(header).toString('base64url')}.`,
    }
  }
}

/** Another process has made the first audience with this algorithm; its key is here within a second. */
function noKeyYet(alg: SigningAlgorithm): OAuthError {
  return new OAuthError('temporarily_unavailable', 'Cannot answer right now', 503, {
    kind: 'unavailable',
    detail: `no signing key for ${alg} yet`,
  })
}
