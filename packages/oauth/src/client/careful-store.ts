/**
 * A token store that costs nobody the token, whatever it does: throws, rejects, or never answers.
 *
 * Where it does not answer it is left alone for the rest of the exchange.
 */

import type { Clock } from '../transport/clock.ts'
import { withDeadline } from './deadline.ts'
import { TimeoutError } from './token-error.ts'
import type { TokenStore } from './token-store.ts'

/** As `TokenStore`, and nothing here ever rejects. */
export type CarefulStore = TokenStore

export type StoreStep = 'read' | 'lock' | 'write'

/** What is kept on this machine comes at once or not at all. */
const STEP_MS = 1_000
/** Waiting for a neighbour's request is worth more. */
const LOCK_MS = 4_000

/** @param failed told which step failed. */
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
      // A lock that another holds for long says nothing against reading and writing.
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
        // It comes too late, and nobody would give it back.
        if (own.aborted) await release()
        return release
      }
      const release = await attempt('lock', LOCK_MS, taking, null)
      if (release === null) return async () => {}
      // Also when the store was slow meanwhile: the neighbours would wait for a lock that nobody
      // holds.
      return () => attempt('release', STEP_MS, () => release(), undefined)
    },
  }
}
