/**
 * The keys of a ring, where a key counts as unknown only once the store has confirmed it.
 *
 * A key made by another instance arrives within a second, or not at all while the store is out of
 * reach. Without the check, revoking a token signed by such a key would answer 200 and leave the
 * token valid.
 */

import type { KeySource } from '@modulariot/oauth/resource-server'
import type { KeyRing } from './key-ring.ts'

/** `find` also throws StoreUnavailable. */
export function storedKeys(ring: Pick<KeyRing, 'find' | 'readAgain'>): KeySource {
  return {
    async find(header) {
      const known = await ring.find(header)
      if (known !== null) return known
      await ring.readAgain()
      return ring.find(header)
    },
  }
}
