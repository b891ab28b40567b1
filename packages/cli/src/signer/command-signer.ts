/**
 * The external signer of `MIOT_SIGNER_COMMAND` (ADR 47): starts the program, keeps it running, and
 * turns what it answers into keys and signatures.
 */

import type { CreatedKey, ExternalSigner } from '@modulariot/auth'
import { SignerFault } from '@modulariot/auth'
import type { SigningAlgorithm } from '@modulariot/oauth/protocol'
import type { KeyCommand } from '../config/key-command.ts'
import {
  algorithmsIn,
  type Call,
  createdKeyIn,
  type Members,
  PROTOCOL,
  signatureIn,
} from './protocol.ts'
import { type SignerEnd, SignerProcess } from './signer-process.ts'

export interface SignerTimes {
  /** Until a program that was started has answered `hello`. */
  readonly startMs: number
  /** A login waits no longer for its signature. */
  readonly signMs: number
  /** To create or destroy a key: an HSM takes seconds for an RSA key. */
  readonly keyMs: number
  /** From the end of the program to its next start, doubled with each one in a row. */
  readonly restartMs: { readonly min: number; readonly max: number }
}

export const SIGNER_TIMES: SignerTimes = {
  startMs: 10_000,
  signMs: 2000,
  keyMs: 30_000,
  restartMs: { min: 500, max: 30_000 },
}

/** After a program that ran this long, the next start is the first in a row again. */
const STEADY_MS = 60_000

/** What happens to the program. It is started again after each end. */
export interface SignerEvents {
  ended(end: SignerEnd, nextStartMs: number): void
  started(): void
}

export class CommandSigner implements ExternalSigner {
  readonly #command: KeyCommand
  readonly #events: SignerEvents
  readonly #times: SignerTimes
  #process: SignerProcess | null = null
  /** Null: it has not answered `hello`. */
  #algorithms: readonly string[] | null = null
  #failedStarts = 0
  #timer: NodeJS.Timeout | null = null
  #isClosed = false

  constructor(command: KeyCommand, events: SignerEvents, times = SIGNER_TIMES) {
    this.#command = command
    this.#events = events
    this.#times = times
  }

  /**
   * Starts the program. It is started again later if that fails.
   *
   * @returns why it does not run; null: it does.
   */
  start(): Promise<SignerEnd | null> {
    return new Promise((resolve) => {
      const startedAt = performance.now()
      const process = new SignerProcess({
        command: this.#command,
        onLateKey: (members) => this.#destroyLate(members),
        onEnd: (end) => {
          if (performance.now() - startedAt > STEADY_MS) this.#failedStarts = 0
          this.#ended(end)
          resolve(end)
        },
      })
      this.#process = process
      process
        .call({ op: 'hello', protocol: PROTOCOL }, this.#times.startMs)
        .then((members) => {
          const algorithms = this.#understood(process, () => algorithmsIn(members))
          this.#algorithms = algorithms
          this.#events.started()
          resolve(null)
        })
        .catch((error: SignerFault) => process.abort(`did not start: ${error.message}`))
    })
  }

  isUp(): boolean {
    return this.#algorithms !== null
  }

  async create(alg: SigningAlgorithm): Promise<CreatedKey> {
    if (this.#algorithms !== null && !this.#algorithms.includes(alg)) {
      const known = this.#algorithms.join(', ')
      throw new SignerFault('refused', `The signer makes no ${alg} keys, only ${known}`)
    }
    return this.#call({ op: 'create', alg }, this.#times.keyMs, createdKeyIn)
  }

  sign(reference: string, alg: SigningAlgorithm, input: Buffer): Promise<Buffer> {
    const call = { op: 'sign', reference, alg, input: input.toString('base64url') } as const
    return this.#call(call, this.#times.signMs, signatureIn)
  }

  destroy(reference: string): Promise<void> {
    return this.#call({ op: 'destroy', reference }, this.#times.keyMs, () => {})
  }

  /** Ends the program. Calls fail from now on. */
  async close(): Promise<void> {
    this.#isClosed = true
    if (this.#timer !== null) clearTimeout(this.#timer)
    await this.#process?.stop()
  }

  async #call<Result>(
    call: Call,
    timeoutMs: number,
    parse: (members: Members) => Result,
  ): Promise<Result> {
    const process = this.#process
    if (process === null) throw new SignerFault('unavailable', 'The signer does not run')
    const members = await process.call(call, timeoutMs)
    return this.#understood(process, () => parse(members))
  }

  /** An answer that cannot be understood is a fault of the program, not of the call. */
  #understood<Result>(process: SignerProcess, parse: () => Result): Result {
    try {
      return parse()
    } catch (error) {
      const { message } = error as Error
      process.abort(message)
      throw new SignerFault('unavailable', `The signer ${message}`)
    }
  }

  #ended(end: SignerEnd): void {
    this.#process = null
    this.#algorithms = null
    if (this.#isClosed) return
    const { min, max } = this.#times.restartMs
    const delayMs = Math.min(max, min * 2 ** this.#failedStarts++)
    this.#events.ended(end, delayMs)
    this.#timer = setTimeout(() => void this.start(), delayMs).unref()
  }

  /** Its caller has given up, and would make another. */
  #destroyLate(members: Members): void {
    try {
      this.destroy(createdKeyIn(members).reference).catch(() => {})
    } catch {
      // Not a key.
    }
  }
}

/** For a message: what happened, and the end of what the program complained about. */
export function describeEnd(
  { setting, words }: KeyCommand,
  { fault, complaint }: SignerEnd,
): string {
  const wrote = complaint === '' ? '' : `, and wrote “${complaint}”`
  return `${setting}: ${words[0]} ${fault}${wrote}`
}
