/** The current token and what is known about its lifetime. Never prints the token. */

import { type Clock, elapsedMs, type Moment } from '../transport/clock.ts'
import type { TokenLifetime } from './token-lifetime.ts'

export interface HeldTokenParts {
  readonly access_token: string
  /** When its request was sent. */
  readonly begun: Moment
  /** When the server sent it; null when it came from a store. */
  readonly arrived: Moment | null
  /** Null: usable now, but must not be kept. */
  readonly lifetime: TokenLifetime | null
}

export class HeldToken {
  readonly #parts: HeldTokenParts
  /** `token()` returns this very promise, so that a cached token allocates nothing. */
  readonly #promised: Promise<string>

  constructor(parts: HeldTokenParts) {
    this.#parts = parts
    this.#promised = Promise.resolve(parts.access_token)
  }

  get access_token(): string {
    return this.#parts.access_token
  }

  get promised(): Promise<string> {
    return this.#promised
  }

  get begun(): Moment {
    return this.#parts.begun
  }

  get usableMs(): number {
    return this.#parts.lifetime?.usableMs ?? 0
  }

  /** Milliseconds since its request was sent, by whichever clock says longer. */
  ageMs(clock: Clock): number {
    return elapsedMs(this.#parts.begun, clock)
  }

  isUsableAt(ageMs: number): boolean {
    const { lifetime } = this.#parts
    return lifetime !== null && ageMs < lifetime.usableMs
  }

  /** False when its lifetime is unknown: the callers that wait for it still get it. */
  hasEndedAt(ageMs: number): boolean {
    return this.#parts.lifetime !== null && !this.isUsableAt(ageMs)
  }

  isDueAt(ageMs: number): boolean {
    const { lifetime } = this.#parts
    return lifetime !== null && ageMs >= lifetime.refreshMs
  }

  /** True when the server issued it less than this many milliseconds ago. */
  arrivedWithin(ms: number, clock: Clock): boolean {
    const { arrived } = this.#parts
    return arrived !== null && elapsedMs(arrived, clock) < ms
  }

  toJSON(): unknown {
    return { access_token: '[redacted]' }
  }

  /** Node and Bun: `inspect` with `getters` would print the getters' values. */
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return 'HeldToken [redacted]'
  }

  [Symbol.for('Deno.customInspect')](): string {
    return 'HeldToken [redacted]'
  }
}
