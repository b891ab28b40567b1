import assert from 'node:assert/strict'
import { createPublicKey, verify } from 'node:crypto'
import { describe, it } from 'node:test'
import { SIGNING_ALGORITHMS } from '@modulariot/oauth/protocol'
import { ALGORITHMS } from './algorithms.ts'
import { createSignatures } from './signatures.ts'

/** More than fit into one turn. */
const MANY = 100

describe('createSignatures', () => {
  for (const cores of [1, 2]) {
    for (const alg of SIGNING_ALGORITHMS) {
      it(`signs each input of many with ${alg} for itself, on ${cores} cores`, async () => {
        const makeSignature = createSignatures({ cores })
        const { digest, options, generate } = ALGORITHMS[alg]
        const { privateKey } = await generate()
        const verifyWith = { key: createPublicKey(privateKey), ...options }
        const inputs = Array.from({ length: MANY }, (_, index) => Buffer.from(`input ${index}`))
        const signatures = await Promise.all(
          inputs.map((input) => makeSignature(alg, input, privateKey)),
        )
        for (const [index, input] of inputs.entries()) {
          assert.ok(verify(digest, input, verifyWith, signatures[index] as Buffer))
        }
      })
    }

    it(`rejects what cannot be signed and signs the next, on ${cores} cores`, async () => {
      const makeSignature = createSignatures({ cores })
      const { privateKey } = await ALGORITHMS.RS256.generate()
      const { privateKey: other } = await ALGORITHMS.EdDSA.generate()
      const input = Buffer.from('input')
      const wrong = makeSignature('RS256', input, other)
      const right = makeSignature('RS256', input, privateKey)
      await assert.rejects(wrong)
      assert.equal((await right).length, 256)
    })
  }
})
