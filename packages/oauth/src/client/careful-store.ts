/**
 * Wraps a token store so that its failures never cost a token: whether it throws, rejects, or never
 * answers.
 *
 * After a timeout it is not used again for the rest of the exchange.
 */

import type { Clock } from '../transport/clock.ts'
import { withDeadline } from './deadline.ts'
import { TimeoutError } from './token-error.ts'
import type { TokenStore } from './token-store.ts'

/** A `TokenStore` whose methods never reject. */
export type CarefulStore = TokenStore

export type StoreStep = 'read' | 'lock' | 'write'

/** A store on this machine answers at once or not at all. */
const STEP_MS = 1_000
/** Waiting for another process's token request is worth more time. */
const LOCK_MS = 4_000

/** @param failed called with the step that failed. */
export function carefulStore(
  store: TokenStore,
  clock: Clock,
  failed: (what: StoreStep) => void,
): CarefulStore {
  let isUsable = true

  async function attempt<Value>(
    what: StoreStep | 'release',
    ms: number,
    work: (signal: AbortSignal) => Promise<Value>,
    otherwise: Value,
  ): Promise<Value> {
    if (!isUsable && what !== 'release') return otherwise
    try {
      return await withDeadline(clock, ms, 'The token store', async (signal) => work(signal))
    } catch (error) {
      // A lock held for long by another process does not mean that reads and writes fail.
      if (error instanceof TimeoutError && what !== 'lock') isUsable = false
      failed(what === 'release' ? 'lock' : what)
      return otherwise
    }
  }

  return {
    read: (key) => attempt('read', STEP_MS, () => store.read(key), null),
    write: (key, text) => attempt('write', STEP_MS, () => store.write(key, text), undefined),
    async lock(key, signal) {
      const taking = async (own: AbortSignal) => {
        const release = await store.lock(key, AbortSignal.any([signal, own]))
        // Acquired after the timeout: the caller no longer releases it.
        if (own.aborted) await release()
        return release
      }
      const release = await attempt('lock', LOCK_MS, taking, null)
      if (release === null) return async () => {}
      // Releases even after a timeout; otherwise other processes would wait for an abandoned lock.
      return () => attempt('release', STEP_MS, () => release(), undefined)
    },
  }
}
