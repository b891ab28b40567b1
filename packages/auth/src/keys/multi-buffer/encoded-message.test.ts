import assert from 'node:assert/strict'
import { constants, generateKeyPairSync, publicDecrypt, sign } from 'node:crypto'
import { describe, it } from 'node:test'
import { encodeMessage } from './encoded-message.ts'
import { RSA_BYTES } from './multi-buffer.ts'

describe('encodeMessage', () => {
  it('writes what OpenSSL signs', () => {
    const { privateKey, publicKey: key } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    for (const text of ['', 'input', 'x'.repeat(5000)]) {
      const input = Buffer.from(text)
      const encoded = Buffer.alloc(RSA_BYTES, 0xaa)
      encodeMessage(input, encoded)
      const signature = sign('sha256', input, privateKey)
      const padding = constants.RSA_NO_PADDING
      assert.deepEqual(encoded, publicDecrypt({ key, padding }, signature))
    }
  })
})
