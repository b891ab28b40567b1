import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type SampleFault, sampleMultiBuffer } from '../../testing/sample-multi-buffer.ts'
import { faultIn } from './known-answers.ts'

function faultOf(fault: SampleFault | null): string | null {
  const library = sampleMultiBuffer()
  library.fault = fault
  const found = faultIn(library)
  assert.equal(library.loaded.size, 0)
  return found
}

describe('known answers', () => {
  it('are given by OpenSSL, so the example is that of the RFC', () => {
    assert.equal(faultOf(null), null)
  })

  it('find a library that signs wrongly, fails or does nothing', () => {
    assert.equal(faultOf('wrong signature'), 'a signature does not verify')
    assert.equal(faultOf('idle'), 'a signature does not verify')
    assert.equal(faultOf('status'), 'status 0x20')
    assert.equal(faultOf('throws'), 'no such function')
  })

  it('find a library that verifies everything', () => {
    assert.equal(faultOf('blind'), 'it verifies a wrong signature')
  })
})
