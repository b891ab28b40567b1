import assert from 'node:assert/strict'
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { describe, it } from 'node:test'
import { type SampleFault, sampleMultiBuffer } from '../../testing/sample-multi-buffer.ts'
import { EightSigner, type SignatureJob } from './eight-signer.ts'
import { LANES } from './multi-buffer.ts'

const rsa = (modulusLength = 2048): KeyObject =>
  generateKeyPairSync('rsa', { modulusLength }).privateKey

const [KEY, OTHER, LONG] = [rsa(), rsa(), rsa(3072)] as [KeyObject, KeyObject, KeyObject]

const jobs = (count: number, keys: readonly KeyObject[] = [KEY]): SignatureJob[] =>
  Array.from({ length: count }, (_, index) => ({
    input: Buffer.from(`input ${index}`),
    key: keys[index % keys.length] as KeyObject,
  }))

const withOpenSsl = (all: readonly SignatureJob[]): Buffer[] =>
  all.map(({ input, key }) => sign('sha256', input, key))

function signerWith(fault: SampleFault | null = null) {
  const library = sampleMultiBuffer()
  const faults: string[] = []
  const signer = new EightSigner(library, { onFault: (found) => faults.push(found) })
  if (fault !== null) signer.takes(KEY)
  library.fault = fault
  return { library, faults, signer }
}

describe('EightSigner', () => {
  it('makes the signatures of OpenSSL, for one to eight messages', () => {
    const { signer } = signerWith()
    for (let count = 1; count <= LANES; count++) {
      assert.deepEqual(signer.sign(jobs(count)), withOpenSsl(jobs(count)))
    }
    assert.equal(signer.signed, 36)
  })

  it('signs with several keys at a time', () => {
    const mixed = jobs(LANES, [KEY, OTHER])
    assert.deepEqual(signerWith().signer.sign(mixed), withOpenSsl(mixed))
  })

  it('keeps its signatures when it signs the next', () => {
    const { signer } = signerWith()
    const first = signer.sign(jobs(2))
    signer.sign(jobs(8, [OTHER]))
    assert.deepEqual(first, withOpenSsl(jobs(2)))
  })

  it('does not take keys of another size, and signs nothing with them', () => {
    const { signer, faults, library } = signerWith()
    assert.equal(signer.takes(LONG), false)
    assert.equal(signer.sign(jobs(3, [KEY, LONG])), null)
    assert.equal(signer.takes(KEY), true)
    assert.deepEqual([faults, library.loaded.size], [[], 1])
  })
})

describe('a fault of the library', () => {
  const faults = {
    'wrong signature': 'a signature does not verify',
    idle: 'a signature does not verify',
    status: 'status 0x20',
    throws: 'no such function',
  }
  for (const [fault, told] of Object.entries(faults)) {
    it(`lets no signature leave, is told once, and ends its use: ${fault}`, () => {
      const { signer, library, faults: found } = signerWith(fault as SampleFault)
      assert.equal(signer.sign(jobs(8)), null)
      assert.deepEqual([signer.inUse, signer.takes(KEY), signer.signed], [false, false, 0])
      library.fault = null
      assert.equal(signer.sign(jobs(8)), null)
      assert.deepEqual(found, [told])
      assert.deepEqual([library.loaded.size, library.wipes], [0, 1])
    })
  }

  it('is found when it changes the messages, which then verify', () => {
    const { signer, library, faults: found } = signerWith()
    assert.ok(signer.sign(jobs(8)))
    const { sign: signRight } = library
    library.sign = () => {
      library.messages.copyWithin(0, 256, 512)
      return signRight()
    }
    assert.equal(signer.sign(jobs(8)), null)
    assert.deepEqual(found, ['a signature does not verify'])
  })

  it('is found when a key cannot be loaded', () => {
    const { signer, library, faults: found } = signerWith()
    library.load = () => {
      throw new Error('no memory')
    }
    assert.equal(signer.takes(KEY), false)
    assert.deepEqual([found, signer.inUse], [['no memory'], false])
  })

  it('is found when the verification does nothing, though the last group was the same', () => {
    const { signer, library, faults: found } = signerWith()
    assert.ok(signer.sign(jobs(8)))
    library.recover = () => 0
    library.fault = 'wrong signature'
    assert.equal(signer.sign(jobs(8)), null)
    assert.deepEqual(found, ['a signature does not verify'])
  })

  it('is found before a new key signs anything, even if it verifies its own signature', () => {
    const { signer, library, faults: found } = signerWith()
    const { sign: signRight } = library
    library.sign = () => {
      const status = signRight()
      library.signatures.fill(0)
      library.fault = 'blind'
      return status
    }
    assert.equal(signer.takes(KEY), false)
    assert.equal(signer.sign(jobs(8)), null)
    assert.deepEqual(found, ['its signature is not OpenSSL’s'])
  })
})

describe('the keys of the library', () => {
  it('are wiped when they are not kept, with the memory that has traces of them', () => {
    const { signer, library } = signerWith()
    signer.sign(jobs(2, [KEY, OTHER]))
    signer.keepOnly([KEY, OTHER])
    assert.deepEqual([library.loaded.size, library.wipes], [2, 0])
    signer.keepOnly([OTHER])
    assert.deepEqual([library.loaded.size, library.wipes], [1, 1])
    assert.deepEqual(signer.sign(jobs(3, [OTHER])), withOpenSsl(jobs(3, [OTHER])))
  })

  it('are wiped at the end, and none is loaded after', () => {
    const { signer, library } = signerWith()
    signer.sign(jobs(2, [KEY, OTHER]))
    signer.close()
    assert.equal(signer.sign(jobs(3)), null)
    assert.deepEqual([library.loaded.size, library.wipes, signer.inUse], [0, 1, false])
  })
})
