/**
 * Tokens for one client at one audience: the place where an application gets them, each time it
 * needs one.
 *
 * One token is kept and given out until shortly before its end. One exchange runs at a time,
 * however many wait, and belongs to none of them. The next token is fetched in the background,
 * early and spread over the fleet; while that fails, the one in hand goes on working to its end.
 * ADR 21 says why.
 */

import { elapsedMs, type Moment, momentOf } from '../transport/clock.ts'
import { type CarefulStore, carefulStore } from './careful-store.ts'
import type { Proof } from './credentials.ts'
import { abortable, withDeadline } from './deadline.ts'
import { HeldToken } from './held-token.ts'
import { plainText } from './plain-text.ts'
import type { TokenAnswer } from './request-token.ts'
import { ServerClock } from './server-clock.ts'
import { NetworkError, ServerError, TokenError } from './token-error.ts'
import { logLine, type TokenEvent } from './token-events.ts'
import { createExchange, type Exchange } from './token-exchange.ts'
import { refreshBackoffMs, tokenLifetime } from './token-lifetime.ts'
import {
  resolveOptions,
  type TokenSourceOptions,
  type TokenSourceSettings,
} from './token-source-options.ts'
import { readStored, storeKey, writeStored } from './token-store.ts'

export interface TokenCallOptions {
  /** Ends this caller's wait only. */
  readonly signal?: AbortSignal
}

export class TokenSource {
  readonly #settings: TokenSourceSettings
  readonly #serverClock: ServerClock
  readonly #exchange: Exchange
  readonly #tell: (event: TokenEvent) => void
  #held: HeldToken | null = null
  #flight: Promise<HeldToken> | null = null
  /** After a failed refresh: since when and for how long the server is left alone. */
  #pause: { readonly since: Moment; readonly ms: number } | null = null
  /** The last token an API refused: the store may still have it. */
  #refused: string | null = null

  /** @throws ConfigError that names everything that is wrong. */
  constructor(options: TokenSourceOptions) {
    this.#settings = resolveOptions(options)
    this.#serverClock = new ServerClock(this.#settings.clock)
    this.#tell = teller(options)
    this.#exchange = createExchange({
      ...this.#settings,
      serverClock: this.#serverClock,
      onSecretReread: () => this.#tell({ kind: 'secret_reread' }),
    })
  }

  /**
   * An access token that is good now.
   *
   * @throws TokenError (one of its kinds) when there is none and none can be had; the signal's
   *   reason when this caller gave up. Neither is remembered: the next call tries again.
   */
  token(options?: TokenCallOptions): Promise<string> {
    const held = options?.signal?.aborted ? null : this.#usable()
    if (held !== null) return held.promised
    return this.held(options).then((token) => token.access_token)
  }

  /** The same with what is known about it, for whoever carries it to an API. */
  async held({ signal }: TokenCallOptions = {}): Promise<HeldToken> {
    signal?.throwIfAborted()
    return this.#usable() ?? abortable(this.#fetch(), signal)
  }

  /**
   * Forgets this token, and no other: another caller may have replaced it since.
   *
   * @param access_token the one an API refused.
   */
  forget(access_token: string): void {
    if (this.#held?.access_token !== access_token) return
    this.#held = null
    this.#refused = access_token
    this.#tell({ kind: 'forgotten' })
  }

  /** The server's time, as far as its answers have told it. */
  get serverClock(): ServerClock {
    return this.#serverClock
  }

  /**
   * Text from outside, fit for a message or a log: without the token in hand, or the one refused
   * last.
   */
  redact(text: string): string {
    const tokens = [this.#held?.access_token, this.#refused].filter((token) => token != null)
    return plainText(text, tokens)
  }

  toJSON(): unknown {
    const { token_endpoint, issuer, client_id, audience, scope } = this.#settings
    return { token_endpoint, issuer, client_id, audience, scope }
  }

  /** The token in hand while it is good; begins its refresh when that is due. */
  #usable(): HeldToken | null {
    const held = this.#held
    if (held === null) return null
    const ageMs = held.ageMs(this.#settings.clock)
    if (!held.isUsableAt(ageMs)) return null
    if (held.isDueAt(ageMs) && !this.#isPaused()) void this.#fetch()
    return held
  }

  #isPaused(): boolean {
    if (this.#pause === null) return false
    if (elapsedMs(this.#pause.since, this.#settings.clock) < this.#pause.ms) return true
    this.#pause = null
    return false
  }

  /**
   * The exchange under way, or a new one. It has its own deadline and outlives any of its callers.
   */
  #fetch(): Promise<HeldToken> {
    if (this.#flight !== null) return this.#flight
    const { clock, timeoutMs } = this.#settings
    const flight = withDeadline(clock, timeoutMs, 'Getting a token', (signal) =>
      this.#obtainAlive(signal),
    ).then(
      (token) => this.#arrived(token),
      (error) => this.#failed(error),
    )
    flight.catch(() => {}) // Whoever waits hears of it; nobody may be waiting.
    this.#flight = flight
    return flight
  }

  #arrived(token: HeldToken): HeldToken {
    this.#flight = null
    this.#pause = null
    if (token.usableMs > 0) this.#held = token
    // A refresh that brought nothing to keep would be tried again at each call.
    else if (this.#held !== null) this.#pauseAfter(null)
    return token
  }

  #failed(thrown: unknown): never {
    this.#flight = null
    const error = thrown instanceof TokenError ? thrown : unforeseen(thrown)
    const held = this.#held
    if (held?.isUsableAt(held.ageMs(this.#settings.clock))) {
      const next_try_in_ms = this.#pauseAfter(error.retryAfterSeconds)
      this.#tell({ kind: 'refresh_failed', error, next_try_in_ms })
    } else this.#tell({ kind: 'failed', error })
    throw error
  }

  #pauseAfter(retryAfterSeconds: number | null): number {
    const { clock, random } = this.#settings
    const ms = refreshBackoffMs(this.#held?.usableMs ?? 0, retryAfterSeconds, random())
    this.#pause = { since: momentOf(clock), ms }
    return ms
  }

  /**
   * The machine may sleep while a token is on its way; what had ended when it came is asked for
   * once more.
   */
  async #obtainAlive(signal: AbortSignal): Promise<HeldToken> {
    for (let tries = 1; tries <= 2; tries++) {
      const token = await this.#obtain(signal)
      signal.throwIfAborted()
      if (!token.hasEndedAt(token.ageMs(this.#settings.clock))) return token
    }
    throw new ServerError('The token expired before it arrived, twice: its lifetime is too short')
  }

  async #obtain(signal: AbortSignal): Promise<HeldToken> {
    const { store, readProof, clock } = this.#settings
    const proof = await readProof()
    if (store === null) return (await this.#ask(proof, signal)).token
    const careful = carefulStore(store, clock, (what) => this.#tell({ kind: 'store_failed', what }))
    return this.#obtainThrough(careful, proof, signal)
  }

  /** Look, lock, look again: of all processes that need a token at once, one asks. */
  async #obtainThrough(store: CarefulStore, proof: Proof, signal: AbortSignal): Promise<HeldToken> {
    const key = await this.#keyFor(proof)
    const found = await this.#read(store, key)
    if (found !== null) return found
    const release = await store.lock(key, signal)
    try {
      signal.throwIfAborted()
      const meanwhile = await this.#read(store, key)
      if (meanwhile !== null) return meanwhile
      const { token, answer, accepted } = await this.#ask(proof, signal)
      if (token.usableMs > 0) {
        const usedKey = await this.#keyFor(accepted)
        await store.write(usedKey, writeStored(usedKey, answer, token.begun))
      }
      return token
    } finally {
      await release()
    }
  }

  #keyFor({ identity }: Proof): Promise<string> {
    const { issuer, token_endpoint, client_id, audience, scope } = this.#settings
    const server = issuer ?? (token_endpoint as string)
    return storeKey({ server, client_id, audience, scope, identity })
  }

  /** What the store has, if it is better than what we have. */
  async #read(store: CarefulStore, key: string): Promise<HeldToken | null> {
    const { clock } = this.#settings
    const text = await store.read(key)
    const stored = readStored(key, text, clock)
    if (stored === null || stored.answer.access_token === this.#refused) return null
    const token = this.#hold(stored.answer, stored.begun, null)
    const ageMs = token.ageMs(clock)
    if (!token.isUsableAt(ageMs)) return null
    if (this.#held !== null && (token.isDueAt(ageMs) || this.#isHeld(token))) return null
    this.#tell({ kind: 'obtained', from: 'store', usable_ms: token.usableMs })
    return token
  }

  #isHeld(token: HeldToken): boolean {
    return this.#held?.access_token === token.access_token
  }

  async #ask(proof: Proof, signal: AbortSignal) {
    const { answer, begun, proof: accepted } = await this.#exchange(proof, signal)
    const token = this.#hold(answer, begun, momentOf(this.#settings.clock))
    this.#tell({ kind: 'obtained', from: 'server', usable_ms: token.usableMs })
    return { token, answer, accepted }
  }

  #hold(answer: TokenAnswer, begun: Moment, arrived: Moment | null): HeldToken {
    const { access_token, expires_in, refresh_in } = answer
    const lifetime = tokenLifetime(expires_in, refresh_in, this.#settings.random())
    return new HeldToken({ access_token, begun, arrived, lifetime })
  }
}

/** Only the name: nobody knows what the message quotes. */
function unforeseen(thrown: unknown): TokenError {
  const name = thrown instanceof Error ? thrown.name : typeof thrown
  return new NetworkError(`Getting a token failed locally (${name})`)
}

/** A listener that fails must not cost anybody a token. */
function teller({ onEvent, logger }: TokenSourceOptions): (event: TokenEvent) => void {
  return (event) => {
    try {
      onEvent?.(event)
    } catch {}
    try {
      const line = logLine(event)
      if (line !== null) logger?.warn(line)
    } catch {}
  }
}
