/** Headers of the next tokens by the keys in the store, where no ring has opened them. */

import type { SealedKey } from '../records/sealed-key.ts'
import type { KeyRing } from './key-ring.ts'
import { noKeyYet } from './no-key-yet.ts'
import { headerOf } from './open-key.ts'

/**
 * The same key as a ring takes: the one that began to sign last. @param nowMs Unix milliseconds.
 */
export function storedHeaders(
  keys: readonly SealedKey[],
  nowMs: number,
): Pick<KeyRing, 'headerOf'> {
  return {
    headerOf(alg, typ) {
      const [newest] = keys
        .filter((key) => key.alg === alg && Date.parse(key.activates_at ?? '') <= nowMs)
        .sort((a, b) => ((a.activates_at as string) < (b.activates_at as string) ? 1 : -1))
      if (newest === undefined) throw noKeyYet(alg)
      return headerOf(newest, typ)
    },
  }
}
