/**
 * The keys of a ring for whoever must not be wrong about one: "I do not know this key" is the store's to say.
 *
 * A key that another instance has made is here within a second, or not at all while we are out of touch with the
 * store. To revoke a token of such a key would be answered as if it were no token of ours, and it would live on.
 */

import type { KeySource } from '@modulariot/oauth/resource-server'
import type { KeyRing } from './key-ring.ts'

/** `find` also throws StoreUnavailable. */
export function exactKeys(ring: Pick<KeyRing, 'find' | 'readAgain'>): KeySource {
  return {
    async find(header) {
      const known = await ring.find(header)
      if (known !== null) return known
      await ring.readAgain()
      return ring.find(header)
    },
  }
}
