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
import { type CryptoKey, calculateJwkThumbprint, type JWK } from 'jose'
import type { AuthStore } from '../store/store.ts'
import { ALGORITHMS } from './algorithms.ts'
import type { SealedKey } from './sealed-key.ts'
import { seal, unseal } from './sealing.ts'

interface OpenKey {
  readonly signWith: SignKeyObjectInput
  /** `BASE64URL(header).` of every token this key signs. */
  readonly headerSegment: string
}

export interface KeyRingOptions {
  readonly store: Pick<AuthStore, 'updateSigningKeys'>
  readonly sealingKey: Uint8Array
  /** Unix milliseconds. */
  readonly now: () => number
}

const signOnThreadPool = promisify(sign)

export class KeyRing implements KeySource {
  readonly #options: KeyRingOptions
  #active = new Map<SigningAlgorithm, OpenKey>()
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
  async load(algorithms: readonly SigningAlgorithm[]): Promise<void> {
    const { store } = this.#options
    let keys = await store.updateSigningKeys(() => null)
    const missing = algorithms.filter((alg) => !keys.some((key) => key.alg === alg))
    if (missing.length > 0) {
      const candidates = await Promise.all(missing.map((alg) => this.#create(alg)))
      keys = await store.updateSigningKeys((current) => {
        const made = candidates.filter(({ alg }) => !current.some((key) => key.alg === alg))
        return made.length === 0 ? null : { keys: [...current, ...made], audit: [] }
      })
    }
    const open = await Promise.all(keys.map((key) => this.#open(key)))
    this.#active = new Map(keys.map((key, index) => [key.alg, open[index] as OpenKey]))
    this.#published = { keys: keys.map((key) => key.public_jwk) }
    this.#imported = new Map()
  }

  /**
   * A compact JWS (RFC 7515 §7.1) over the payload, with the `typ` of RFC 9068.
   *
   * Signing is the cost of a login, so it runs on the thread pool and lets other requests go on.
   */
  async sign(alg: SigningAlgorithm, payload: string): Promise<string> {
    const key = this.#active.get(alg)
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

  async #create(alg: SigningAlgorithm): Promise<SealedKey> {
    const { privateKey } = await ALGORITHMS[alg].generate()
    const private_jwk = privateKey.export({ format: 'jwk' }) as JWK
    const kid = await calculateJwkThumbprint(private_jwk)
    const created_at = new Date(this.#options.now()).toISOString()
    return {
      kid,
      alg,
      public_jwk: publicHalf(private_jwk, kid, alg),
      sealed: await seal(private_jwk, kid, this.#options.sealingKey),
      created_at,
      activates_at: created_at,
      retires_at: null,
    }
  }

  async #open(key: SealedKey): Promise<OpenKey> {
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

/** Only the members RFC 7518 §6 calls public, by name: what is not listed cannot leak. */
function publicHalf({ kty, n, e, crv, x, y }: JWK, kid: string, alg: SigningAlgorithm): JWK {
  const members = { kty, n, e, crv, x, y, kid, alg, use: 'sig' }
  return Object.fromEntries(
    Object.entries(members).filter(([, value]) => value !== undefined),
  ) as unknown as JWK
}
