/**
 * New keys for the next step in the life of keys, in the store's hands or the external signer's.
 */

import type { SigningAlgorithm } from '@modulariot/oauth/protocol'
import { SignerFault } from '../errors/signer-fault.ts'
import type { SealedKey } from '../records/sealed-key.ts'
import type { ExternalKeys } from './external-keys.ts'
import type { KeyPolicy } from './key-life.ts'
import { newKey } from './new-key.ts'

export interface Candidates {
  readonly keys: readonly SealedKey[]
  readonly sealingKey: Uint8Array
  /** Why there is none for some algorithm; null: there is one for each. */
  readonly fault: unknown
}

export interface CandidateOptions {
  readonly external: ExternalKeys | null
  readonly policy: Pick<KeyPolicy, 'newKeys'>
  readonly sealingKey: Uint8Array
  /** Unix milliseconds. */
  readonly nowMs: number
}

/** @param known the keys in the store. */
export async function makeCandidates(
  algorithms: readonly SigningAlgorithm[],
  known: readonly SealedKey[],
  { external, policy, sealingKey, nowMs }: CandidateOptions,
): Promise<Candidates> {
  async function make(alg: SigningAlgorithm): Promise<SealedKey> {
    if (policy.newKeys !== 'signer') return newKey(alg, sealingKey, nowMs)
    if (external === null) throw new SignerFault('missing', 'There is no signer for new keys')
    return external.make(alg, sealingKey, nowMs, known)
  }
  const made = await Promise.allSettled(algorithms.map(make))
  return {
    keys: made.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : [])),
    sealingKey,
    fault: made.find((one) => one.status === 'rejected')?.reason ?? null,
  }
}
