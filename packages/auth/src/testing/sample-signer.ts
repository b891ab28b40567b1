/** An external signer in memory, which tests make fail. Not for the program. */

import { createPublicKey, type KeyObject, sign } from 'node:crypto'
import type { JWK } from 'jose'
import { SignerFault, type SignerFaultKind } from '../errors/signer-fault.ts'
import { ALGORITHMS } from '../keys/algorithms.ts'
import type { ExternalSigner } from '../keys/external-signer.ts'

export interface SampleSigner extends ExternalSigner {
  readonly keys: Map<string, KeyObject>
  /** Of all calls from now on; null: none. */
  fault: SignerFaultKind | null
  /** Signs other bytes. */
  lies: boolean
}

export function sampleSigner(): SampleSigner {
  const keys = new Map<string, KeyObject>()
  let made = 0
  function assertUp(): void {
    if (signer.fault !== null) throw new SignerFault(signer.fault, 'The signer does not run')
  }
  const signer: SampleSigner = {
    keys,
    fault: null,
    lies: false,
    isUp: () => signer.fault === null,
    async create(alg) {
      assertUp()
      const reference = `slot-${++made}`
      const { privateKey } = await ALGORITHMS[alg].generate()
      keys.set(reference, privateKey)
      return { reference, public_jwk: createPublicKey(privateKey).export({ format: 'jwk' }) as JWK }
    },
    async sign(reference, alg, input) {
      assertUp()
      const key = keys.get(reference)
      if (key === undefined) throw new SignerFault('refused', `There is no ${reference}`)
      const { digest, options } = ALGORITHMS[alg]
      return sign(digest, signer.lies ? Buffer.from('other') : input, { key, ...options })
    },
    async destroy(reference) {
      assertUp()
      keys.delete(reference)
    },
  }
  return signer
}
