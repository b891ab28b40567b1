/**
 * Moves the digests of secrets to a new encryption key, at their first use after the change.
 *
 * Only a login has the secret, so only a login can make its new digest. It is written beside the
 * request and in batches, as usage is: a crash loses a few moves, which the next logins repeat.
 */

import type { DigestKeys } from '../keys/digest-keys.ts'
import type { SecretMove, SecretMoveStore } from '../store/ports/secret-moves.ts'

export interface SecretMoverOptions {
  readonly store: SecretMoveStore
  readonly digestKeys: DigestKeys
  /** Called with the clients whose cached records are out of date. */
  readonly forget: (clients: readonly string[]) => void
  /** Called when moves cannot be written; they are retried. */
  readonly onError: (error: unknown) => void
}

const FLUSH_INTERVAL_MS = 3000
/** Rows written in one unit of the store; bounded, so that other changes do not wait long. */
export const BATCH_MOVES = 200
/** Reached only while the store does not answer. A move beyond it waits for its next login. */
const MAX_PENDING = 50_000

export class SecretMover {
  readonly #options: SecretMoverOptions
  /** By secret. */
  readonly #pending = new Map<string, SecretMove>()
  #timer: NodeJS.Timeout | null = null
  #flushing: Promise<void> | null = null

  constructor(options: SecretMoverOptions) {
    this.#options = options
  }

  get size(): number {
    return this.#pending.size
  }

  move(move: SecretMove): void {
    if (this.#pending.size >= MAX_PENDING) return
    this.#pending.set(move.secret_id, move)
    this.#timer ??= setTimeout(() => void this.flush(), FLUSH_INTERVAL_MS).unref()
  }

  /** Writes all moves. Never rejects. */
  flush(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
    this.#flushing ??= this.#writeAll().finally(() => {
      this.#flushing = null
    })
    return this.#flushing
  }

  /** Writes the rest. */
  async close(): Promise<void> {
    await this.#flushing
    await this.flush()
    if (this.#timer !== null) clearTimeout(this.#timer)
  }

  async #writeAll(): Promise<void> {
    const { store, digestKeys, forget, onError } = this.#options
    const all = [...this.#pending.values()]
    this.#pending.clear()
    // A login just before the key changed would move a secret back.
    const moves = all.filter(({ digest_key }) => digest_key === digestKeys.inUse.id)
    while (moves.length > 0) {
      const batch = moves.slice(-BATCH_MOVES)
      try {
        await store.moveSecrets(batch)
      } catch (error) {
        for (const one of moves) this.move(one)
        return onError(error)
      }
      forget(batch.map(({ client_id }) => client_id))
      moves.length -= batch.length
      // A store may answer without yielding the thread.
      await new Promise(setImmediate)
    }
  }
}
