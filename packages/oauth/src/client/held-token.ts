/** A token in hand, with what is known of its time. Prints as anything but the token. */

import { type Clock, elapsedMs, type Moment } from '../transport/clock.ts'
import type { TokenLifetime } from './token-lifetime.ts'

export interface HeldTokenParts {
  readonly access_token: string
  /** When its request was begun. */
  readonly begun: Moment
  /** When it came from the server, not from a store; null when it came from a store. */
  readonly arrived: Moment | null
  /** Null: good for now, and not to be kept. */
  readonly lifetime: TokenLifetime | null
}

export class HeldToken {
  readonly #parts: HeldTokenParts
  /** `token()` gives this promise out as it is: nothing is made anew for a cached token. */
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

  /** Milliseconds since its request was begun, by whichever clock says longer. */
  ageMs(clock: Clock): number {
    return elapsedMs(this.#parts.begun, clock)
  }

  isUsableAt(ageMs: number): boolean {
    const { lifetime } = this.#parts
    return lifetime !== null && ageMs < lifetime.usableMs
  }

  /** Not so when its life is unknown: it serves those who wait for it. */
  hasEndedAt(ageMs: number): boolean {
    return this.#parts.lifetime !== null && !this.isUsableAt(ageMs)
  }

  isDueAt(ageMs: number): boolean {
    const { lifetime } = this.#parts
    return lifetime !== null && ageMs >= lifetime.refreshMs
  }

  /** True when the server gave it to us less than so many milliseconds ago. */
  arrivedWithin(ms: number, clock: Clock): boolean {
    const { arrived } = this.#parts
    return arrived !== null && elapsedMs(arrived, clock) < ms
  }

  toJSON(): unknown {
    return { access_token: '[redacted]' }
  }

  /** Node and Bun: `inspect` with `getters` would ask them. */
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return 'HeldToken [redacted]'
  }

  [Symbol.for('Deno.customInspect')](): string {
    return 'HeldToken [redacted]'
  }
}
