/** The public half of the signing keys (RFC 7517 §5). */

import type { KeyRing } from '../keys/key-ring.ts'

export interface KeysDeps {
  readonly keys: Pick<KeyRing, 'publicKeys'>
  readonly jwksMaxAgeSeconds: number
}

export function keysEndpoint({ keys }: KeysDeps) {
  return async () => keys.publicKeys()
}
