/**
 * Tokens for one client at one audience: an application calls it each time it needs one.
 *
 * One token is kept and returned until shortly before its end. One exchange runs at a time, however
 * many callers wait, and belongs to none of them. The next token is fetched in the background,
 * early and spread over the fleet; if that fails, the current one is used until its end. ADR 21 has
 * the reasons.
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
  /** Ends only this caller's wait. */
  readonly signal?: AbortSignal
}

export class TokenSource {
  readonly #settings: TokenSourceSettings
  readonly #serverClock: ServerClock
  readonly #exchange: Exchange
  readonly #report: (event: TokenEvent) => void
  #held: HeldToken | null = null
  #flight: Promise<HeldToken> | null = null
  /** After a failed refresh: since when and for how long nothing is sent to the server. */
  #pause: { readonly since: Moment; readonly ms: number } | null = null
  /** The last token an API refused: the store may still have it. */
  #refused: string | null = null

  /** @throws ConfigError that lists everything that is wrong. */
  constructor(options: TokenSourceOptions) {
    this.#settings = resolveOptions(options)
    this.#serverClock = new ServerClock(this.#settings.clock)
    this.#report = reporterOf(options)
    this.#exchange = createExchange({
      ...this.#settings,
      serverClock: this.#serverClock,
      onSecretReread: () => this.#report({ kind: 'secret_reread' }),
    })
  }

  /**
   * Returns an access token that is valid now.
   *
   * @throws TokenError (one of its subclasses) when there is none and none can be obtained; the
   *   signal's reason when this caller gave up. Neither is remembered: the next call tries again.
   */
  token(options?: TokenCallOptions): Promise<string> {
    const held = options?.signal?.aborted ? null : this.#usable()
    if (held !== null) return held.promised
    return this.held(options).then((token) => token.access_token)
  }

  /** Like `token`, with what is known about the token, for code that sends it to an API. */
  async held({ signal }: TokenCallOptions = {}): Promise<HeldToken> {
    signal?.throwIfAborted()
    return this.#usable() ?? abortable(this.#fetch(), signal)
  }

  /**
   * Forgets this token only: another caller may have replaced it already.
   *
   * @param access_token the one an API refused.
   */
  forget(access_token: string): void {
    if (this.#held?.access_token !== access_token) return
    this.#held = null
    this.#refused = access_token
    this.#report({ kind: 'forgotten' })
  }

  /** The server's time, as far as its answers have revealed it. */
  get serverClock(): ServerClock {
    return this.#serverClock
  }

  /**
   * Makes text from outside fit for a message or a log: without the current token, or the one
   * refused last.
   */
  redact(text: string): string {
    const tokens = [this.#held?.access_token, this.#refused].filter((token) => token != null)
    return plainText(text, tokens)
  }

  toJSON(): unknown {
    const { token_endpoint, issuer, client_id, audience, scope } = this.#settings
    return { token_endpoint, issuer, client_id, audience, scope }
  }

  /** The current token while it is valid; starts its refresh when that is due. */
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

  /** The exchange in progress, or a new one. It has its own deadline and outlives its callers. */
  #fetch(): Promise<HeldToken> {
    if (this.#flight !== null) return this.#flight
    const { clock, timeoutMs } = this.#settings
    const flight = withDeadline(clock, timeoutMs, 'Getting a token', (signal) =>
      this.#obtainUnexpired(signal),
    ).then(
      (token) => this.#arrived(token),
      (error) => this.#failed(error),
    )
    flight.catch(() => {}) // Callers that wait get the error; there may be none.
    this.#flight = flight
    return flight
  }

  #arrived(token: HeldToken): HeldToken {
    this.#flight = null
    this.#pause = null
    if (token.usableMs > 0) this.#held = token
    // Without a pause, a refresh that returned nothing to keep would be repeated at each call.
    else if (this.#held !== null) this.#pauseAfter(null)
    return token
  }

  #failed(thrown: unknown): never {
    this.#flight = null
    const error = thrown instanceof TokenError ? thrown : unexpected(thrown)
    const held = this.#held
    if (held?.isUsableAt(held.ageMs(this.#settings.clock))) {
      const next_try_in_ms = this.#pauseAfter(error.retryAfterSeconds)
      this.#report({ kind: 'refresh_failed', error, next_try_in_ms })
    } else this.#report({ kind: 'failed', error })
    throw error
  }

  #pauseAfter(retryAfterSeconds: number | null): number {
    const { clock, random } = this.#settings
    const ms = refreshBackoffMs(this.#held?.usableMs ?? 0, retryAfterSeconds, random())
    this.#pause = { since: momentOf(clock), ms }
    return ms
  }

  /**
   * The machine may sleep while a token is in transit; one that has expired on arrival is requested
   * once more.
   */
  async #obtainUnexpired(signal: AbortSignal): Promise<HeldToken> {
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
    if (store === null) return (await this.#request(proof, signal)).token
    const careful = carefulStore(store, clock, (what) =>
      this.#report({ kind: 'store_failed', what }),
    )
    return this.#obtainThrough(careful, proof, signal)
  }

  /** Read, lock, read again: of all processes that need a token at once, one sends the request. */
  async #obtainThrough(store: CarefulStore, proof: Proof, signal: AbortSignal): Promise<HeldToken> {
    const key = await this.#keyFor(proof)
    const found = await this.#read(store, key)
    if (found !== null) return found
    const release = await store.lock(key, signal)
    try {
      signal.throwIfAborted()
      const foundLocked = await this.#read(store, key)
      if (foundLocked !== null) return foundLocked
      const { token, answer, accepted } = await this.#request(proof, signal)
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

  /** The stored token, if it is better than the current one. */
  async #read(store: CarefulStore, key: string): Promise<HeldToken | null> {
    const { clock } = this.#settings
    const text = await store.read(key)
    const stored = readStored(key, text, clock)
    if (stored === null || stored.answer.access_token === this.#refused) return null
    const token = this.#hold(stored.answer, stored.begun, null)
    const ageMs = token.ageMs(clock)
    if (!token.isUsableAt(ageMs)) return null
    if (this.#held !== null && (token.isDueAt(ageMs) || this.#isHeld(token))) return null
    this.#report({ kind: 'obtained', from: 'store', usable_ms: token.usableMs })
    return token
  }

  #isHeld(token: HeldToken): boolean {
    return this.#held?.access_token === token.access_token
  }

  async #request(proof: Proof, signal: AbortSignal) {
    const { answer, begun, proof: accepted } = await this.#exchange(proof, signal)
    const token = this.#hold(answer, begun, momentOf(this.#settings.clock))
    this.#report({ kind: 'obtained', from: 'server', usable_ms: token.usableMs })
    return { token, answer, accepted }
  }

  #hold(answer: TokenAnswer, begun: Moment, arrived: Moment | null): HeldToken {
    const { access_token, expires_in, refresh_in } = answer
    const lifetime = tokenLifetime(expires_in, refresh_in, this.#settings.random())
    return new HeldToken({ access_token, begun, arrived, lifetime })
  }
}

/** Only the name: the message may quote anything. */
function unexpected(thrown: unknown): TokenError {
  const name = thrown instanceof Error ? thrown.name : typeof thrown
  return new NetworkError(`Getting a token failed locally (${name})`)
}

/** A failing listener must not cost the caller its token. */
function reporterOf({ onEvent, logger }: TokenSourceOptions): (event: TokenEvent) => void {
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
