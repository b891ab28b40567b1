/** Keys of an installation for tests. */

import { type DigestKeys, digestKeyId } from '../keys/digest-keys.ts'
import { EncryptionKeys } from '../keys/encryption-keys.ts'

/** An instance that knows one key, as nearly all do. */
export function onlyDigestKey(key: Uint8Array): DigestKeys {
  return { inUse: { key, id: digestKeyId(key) }, other: null }
}

/** The same key for all purposes. */
export function onlyEncryptionKey(key: Uint8Array): EncryptionKeys {
  const [sealing, secretDigest, checkpoint] = [key, key, key]
  const [sessionCookie, accounts, setupCode] = [key, key, key]
  const keys = { sealing, secretDigest, checkpoint, sessionCookie, accounts, setupCode }
  return new EncryptionKeys(keys)
}
