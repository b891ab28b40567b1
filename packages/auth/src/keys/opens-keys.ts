/** Checks an encryption key against the signing keys of a store, before a server starts on it. */

import type { SigningKeyStore } from '../store/ports/signing-keys.ts'
import { unseal } from './sealing.ts'

/**
 * @returns how many signing keys were opened; 0 proves nothing about the key.
 * @throws SealBroken when the sealing key does not open one of them.
 */
export async function assertOpensKeys(
  store: Pick<SigningKeyStore, 'listSigningKeys'>,
  sealingKey: Uint8Array,
): Promise<number> {
  const keys = await store.listSigningKeys()
  for (const { sealed, kid } of keys) await unseal(sealed, kid, sealingKey)
  return keys.length
}
