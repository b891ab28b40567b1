/**
 * Counts issued tokens, used secrets and addresses of logins in memory, and writes them in batches:
 * issuing a token writes no row. A crash loses the last few seconds of counting.
 *
 * Whether a token is early is judged by one process for all tokens of a client and address: such a
 * client may log in at another process each time. Tokens are told to it in groups.
 */

import { atMost } from '@modulariot/platform/at-most'
import { type Gathered, gather, noPeers, ownerOf, type Peers } from '@modulariot/platform/peers'
import { LRUCache } from 'lru-cache'
import {
  addAddressUse,
  addSecretUsage,
  addUsage,
  countEarly,
  countLogin,
  countToken,
  countUse,
  lastAddresses,
  noLogin,
  noUsage,
  noUse,
  type UsageBatch,
} from '../records/usage.ts'
import { printable } from '../text/printable.ts'
import { Pending } from './pending.ts'

export interface UsageCounterOptions {
  readonly store: { addUsage(batch: UsageBatch): Promise<void> }
  /** Called when a batch cannot be written; it is retried with the next one. */
  readonly onError: (error: unknown) => void
  /** Default: this process is alone. */
  readonly peers?: Peers
}

export interface IssuedToken {
  readonly client_id: string
  readonly audience: string
  readonly scopes: readonly string[]
  readonly lifetimeSeconds: number
  readonly address: string
}

export interface SecretUse {
  readonly client_id: string
  readonly secret_id: string
  readonly address: string
  readonly user_agent: string | null
}

/** A holder's newest token for one audience and set of scopes. */
interface HeldToken {
  readonly audience: string
  readonly scopes: readonly string[]
  /** Unix seconds until which more than half of its life is left; 0: there was no token. */
  freshUntil: number
}

/** A token that another process judges. An array, since there may be thousands a second. */
type ToldToken = readonly [
  client_id: string,
  address: string,
  audience: string,
  scopes: readonly string[],
  lifetimeSeconds: number,
  iat: number,
]

const TOPIC = 'issued tokens'

/** Counts are written every few seconds, so a token may wait for others. */
const TOLD = { waitMs: 100, atMost: 200 }

/** Since the process started. */
export interface UsageTotals {
  readonly tokens_issued: number
  readonly tokens_early: number
  readonly over_quota: number
  /** Counts that were dropped because the store did not accept them. */
  readonly dropped: number
}

const FLUSH_INTERVAL_MS = 3000
/** Rows written in one transaction; bounded, so that other requests do not wait long. */
const BATCH_ROWS = 1000
/** The cache may forget: a client that requests tokens too often returns soon. */
const MAX_HOLDERS = 20_000
/** Tokens of one holder, one for each API and set of scopes; a device needs few. */
const MAX_HELD = 16

export class UsageCounter {
  readonly #options: UsageCounterOptions
  readonly #timer: NodeJS.Timeout
  readonly #peers: Peers
  /** By the index of the process that judges them. */
  readonly #toTell: readonly Gathered<ToldToken>[]
  readonly #stopListening: () => void
  /** By client and address. */
  readonly #held = new LRUCache<string, HeldToken[]>(atMost(MAX_HOLDERS))
  readonly #clients = new Pending(noUsage, addUsage)
  readonly #secrets = new Pending(noUse, addSecretUsage)
  /** By client and address. */
  readonly #addresses = new Pending(noLogin, addAddressUse)
  readonly #totals = { tokens_issued: 0, tokens_early: 0, over_quota: 0 }
  #flushing: Promise<void> | null = null

  constructor(options: UsageCounterOptions) {
    this.#options = options
    this.#timer = setInterval(() => void this.flush(), FLUSH_INTERVAL_MS).unref()
    const { peers = noPeers() } = options
    this.#peers = peers
    this.#toTell = Array.from({ length: peers.count }, (_, index) =>
      gather((tokens) => peers.tellOne(index, TOPIC, tokens), TOLD),
    )
    this.#stopListening = peers.listen(TOPIC, (tokens) => this.#hear(tokens as ToldToken[]))
  }

  /** How many keys are kept, of all kinds; bounded. */
  get size(): number {
    const pending = [this.#clients, this.#secrets, this.#addresses]
    return pending.reduce((sum, { size }) => sum + size, this.#held.size)
  }

  totals(): UsageTotals {
    const pending = [this.#clients, this.#secrets, this.#addresses]
    return { ...this.#totals, dropped: pending.reduce((sum, { dropped }) => sum + dropped, 0) }
  }

  /** @param nowMs Unix milliseconds: when the token was requested. */
  tokenIssued(token: IssuedToken, nowMs: number): void {
    const { client_id, address, audience, scopes, lifetimeSeconds } = token
    const iat = Math.floor(nowMs / 1000)
    const holder = holderOf(token)
    const { count, index } = this.#peers
    const judge = count === 1 ? index : ownerOf(holder, count)
    const early = judge === index && this.#isEarly(holder, audience, scopes, lifetimeSeconds, iat)
    this.#clients.count(client_id, (usage) => countToken(usage, { iat, lifetimeSeconds, early }))
    this.#totals.tokens_issued++
    if (judge !== index) {
      this.#toTell[judge]?.add([client_id, address, audience, scopes, lifetimeSeconds, iat])
    }
  }

  #isEarly(
    holder: string,
    audience: string,
    scopes: readonly string[],
    lifetimeSeconds: number,
    iat: number,
  ): boolean {
    const held = this.#heldToken(holder, audience, scopes)
    const early = iat < held.freshUntil
    held.freshUntil = iat + lifetimeSeconds / 2
    if (early) this.#totals.tokens_early++
    return early
  }

  /** The tokens themselves are counted where they were issued. */
  #hear(tokens: readonly ToldToken[]): void {
    for (const [client_id, address, audience, scopes, lifetimeSeconds, iat] of tokens) {
      const holder = holderOf({ client_id, address })
      if (!this.#isEarly(holder, audience, scopes, lifetimeSeconds, iat)) continue
      this.#clients.count(client_id, (usage) => countEarly(usage, { iat, lifetimeSeconds }))
    }
  }

  overQuota(client_id: string): void {
    this.#clients.count(client_id, (usage) => usage.over_quota++)
    this.#totals.over_quota++
  }

  /** @param nowMs Unix milliseconds. */
  secretUsed({ secret_id, user_agent, ...rest }: SecretUse, nowMs: number): void {
    const by = { ...rest, user_agent: user_agent === null ? null : printable(user_agent) }
    this.#secrets.count(secret_id, (usage) => countUse(usage, nowMs, by))
  }

  /** @param nowMs Unix milliseconds: of a login whose proof was right, whatever becomes of it. */
  loggedIn(by: Pick<SecretUse, 'client_id' | 'address'>, nowMs: number): void {
    const seconds = Math.floor(nowMs / 1000)
    this.#addresses.count(holderOf(by), (use) => countLogin(use, seconds, by))
  }

  #heldToken(holder: string, audience: string, scopes: readonly string[]): HeldToken {
    const held = this.#held.get(holder) ?? []
    const known = held.find((one) => one.audience === audience && sameScopes(one.scopes, scopes))
    if (known !== undefined) return known
    const token = { audience, scopes, freshUntil: 0 }
    this.#held.set(holder, [token, ...held].slice(0, MAX_HELD))
    return token
  }

  /** Writes all counters. Never rejects. */
  flush(): Promise<void> {
    this.#flushing ??= this.#writeAll().finally(() => {
      this.#flushing = null
    })
    return this.#flushing
  }

  /** Writes the rest, and stops counting. */
  async close(): Promise<void> {
    clearInterval(this.#timer)
    this.#stopListening()
    for (const tokens of this.#toTell) tokens.flush()
    await this.#flushing
    await this.flush()
  }

  async #writeAll(): Promise<void> {
    const clients = this.#clients.take()
    const secrets = this.#secrets.take()
    const addresses = lastAddresses(this.#addresses.take())
    while (clients.length > 0 || secrets.length > 0 || addresses.length > 0) {
      const batch = {
        clients: clients.slice(-BATCH_ROWS),
        secrets: secrets.slice(-BATCH_ROWS),
        addresses: addresses.slice(-BATCH_ROWS),
      }
      try {
        await this.#options.store.addUsage(batch)
      } catch (error) {
        for (const one of clients) this.#clients.add(one.client_id, one)
        for (const one of secrets) this.#secrets.add(one.secret_id, one)
        for (const one of addresses) this.#addresses.add(holderOf(one), one)
        return this.#options.onError(error)
      }
      clients.length -= batch.clients.length
      secrets.length -= batch.secrets.length
      addresses.length -= batch.addresses.length
      // A store may answer without yielding the thread.
      await new Promise(setImmediate)
    }
  }
}

function holderOf({ client_id, address }: Pick<SecretUse, 'client_id' | 'address'>): string {
  return `${client_id} ${address}`
}

function sameScopes(one: readonly string[], other: readonly string[]): boolean {
  if (one === other) return true
  return one.length === other.length && one.every((scope, index) => scope === other[index])
}
