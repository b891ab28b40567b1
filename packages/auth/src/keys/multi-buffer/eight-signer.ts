/**
 * RS256 for up to eight messages at a time, through a library that is fast and not trusted with the
 * result: every signature is verified before it leaves.
 *
 * A wrong signature, as a fault of the processor or the memory causes it, would give the key away
 * (Boneh, DeMillo and Lipton 1997: with CRT, one is enough). It never leaves; the library is not
 * used again in this process, and its memory is wiped.
 */

import { type KeyObject, sign } from 'node:crypto'
import { encodeMessage } from './encoded-message.ts'
import { LANES, type LoadedKey, type MultiBuffer, RSA_BYTES } from './multi-buffer.ts'
import { withPrivateNumbers } from './private-numbers.ts'

export interface SignatureJob {
  readonly input: Buffer
  readonly key: KeyObject
}

export interface EightSignerOptions {
  /** Called once at most, with what is wrong: the library is not used any more. */
  readonly onFault: (fault: string) => void
}

/** What each key signs first, to compare with OpenSSL. */
const PROBE = Buffer.from('known answer')

export class EightSigner {
  readonly #library: MultiBuffer
  readonly #options: EightSignerOptions
  /** Null: a key of another size. */
  readonly #keys = new Map<KeyObject, LoadedKey | null>()
  /** What has to come back, where the library does not write. */
  readonly #expected = Buffer.alloc(LANES * RSA_BYTES)
  readonly #expectedLanes = lanesOf(this.#expected)
  readonly #signatureLanes: readonly Buffer[]
  #inUse = true
  #signed = 0

  constructor(library: MultiBuffer, options: EightSignerOptions) {
    this.#library = library
    this.#options = options
    this.#signatureLanes = lanesOf(library.signatures)
  }

  /** Its name and version. */
  get about(): string {
    return this.#library.about
  }

  /** False after a fault, and after `close`. */
  get inUse(): boolean {
    return this.#inUse
  }

  /** How many signatures have left. */
  get signed(): number {
    return this.#signed
  }

  /** Whether it can sign with the key, which it remembers. */
  takes(key: KeyObject): boolean {
    return this.#loaded(key) !== null
  }

  /**
   * @param jobs one to eight. Fewer than eight take as long as eight.
   * @returns the signatures, in the same order; null when it cannot sign, and another way has to.
   */
  sign(jobs: readonly SignatureJob[]): Buffer[] | null {
    const keys = jobs.map(({ key }) => this.#loaded(key))
    if (!this.#inUse || !keys.every((key) => key !== null)) return null
    const signatures = this.#signWith(keys, jobs)
    this.#signed += signatures?.length ?? 0
    return signatures
  }

  /** Forgets and wipes all keys but these. */
  keepOnly(keys: readonly KeyObject[]): void {
    const kept = new Set(keys)
    const before = this.#keys.size
    for (const [key, loaded] of this.#keys) {
      if (kept.has(key)) continue
      loaded?.wipe()
      this.#keys.delete(key)
    }
    // The work memory holds results modulo the primes, which reveal the key too.
    if (this.#keys.size < before) this.#library.wipe()
  }

  /** Wipes everything. */
  close(): void {
    this.#inUse = false
    for (const loaded of this.#keys.values()) loaded?.wipe()
    this.#keys.clear()
    this.#library.wipe()
  }

  #loaded(key: KeyObject): LoadedKey | null {
    if (!this.#inUse) return null
    const known = this.#keys.get(key)
    if (known !== undefined) return known
    try {
      const loaded = withPrivateNumbers(key, (numbers) => this.#library.load(numbers))
      this.#keys.set(key, loaded)
      if (loaded !== null) this.#probe(key, loaded)
      return this.#inUse ? loaded : null
    } catch (error) {
      this.#fail((error as Error).message)
      return null
    }
  }

  /** Each key first signs a probe in all lanes, which OpenSSL has to confirm byte for byte. */
  #probe(key: KeyObject, loaded: LoadedKey): void {
    const job = { input: PROBE, key }
    const [signature] = this.#signWith([loaded], [job]) ?? []
    if (signature === undefined) return
    if (!signature.equals(sign('sha256', PROBE, key))) this.#fail('its signature is not OpenSSL’s')
  }

  #signWith(keys: readonly LoadedKey[], jobs: readonly SignatureJob[]): Buffer[] | null {
    // 1. The messages. Lanes without a job repeat the first one.
    for (const [lane, message] of this.#expectedLanes.entries()) {
      const job = jobs[lane]
      if (job !== undefined) encodeMessage(job.input, message)
      else this.#expectedLanes[0]?.copy(message)
      this.#library.use(lane, (keys[lane] ?? keys[0]) as LoadedKey)
    }
    const { messages, recovered } = this.#library
    messages.set(this.#expected)
    // 2. What an earlier group left must not pass for a verification.
    recovered.fill(0)
    // 3. Sign, and verify.
    const fault = this.#compute()
    if (fault === null && recovered.equals(this.#expected)) {
      return jobs.map((_, lane) => Buffer.from(this.#signatureLanes[lane] as Buffer))
    }
    this.#fail(fault ?? 'a signature does not verify')
    return null
  }

  #compute(): string | null {
    try {
      const status = this.#library.sign() || this.#library.recover()
      return status === 0 ? null : `status 0x${status.toString(16)}`
    } catch (error) {
      return (error as Error).message
    }
  }

  #fail(fault: string): void {
    this.close()
    this.#options.onFault(fault)
  }
}

function lanesOf(all: Buffer): Buffer[] {
  return Array.from({ length: LANES }, (_, lane) =>
    all.subarray(lane * RSA_BYTES, (lane + 1) * RSA_BYTES),
  )
}
