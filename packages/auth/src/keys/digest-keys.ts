/** The keys under which secrets are digested, and the ids by which stored secrets name them. */

import { hkdfSync } from 'node:crypto'

/** A key of digests, with the id that a stored secret names it by. */
export interface DigestKey {
  readonly key: Uint8Array
  readonly id: string
}

/** The keys of digests that an instance accepts; two while the encryption key is being changed. */
export interface DigestKeys {
  /** Digests new secrets. */
  readonly inUse: DigestKey
  readonly other: DigestKey | null
}

/** 64 bits, derived one way: the id reveals nothing about the key. */
export function digestKeyId(digestKey: Uint8Array): string {
  return Buffer.from(hkdfSync('sha256', digestKey, '', 'modulariot key id v1', 8)).toString('hex')
}
