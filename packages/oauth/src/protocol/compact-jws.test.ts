import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { parseJsonSegment, readCompactHeader } from './compact-jws.ts'

function encode(value: string): string {
  return Buffer.from(value).toString('base64url')
}

describe('readCompactHeader', () => {
  const read = (header: object) =>
    readCompactHeader(`${encode(JSON.stringify(header))}.e30.e30`, ['ES256', 'Ed25519'])

  it('reads what both kinds of token need, and leaves the checks to them', () => {
    assert.deepEqual(read({ alg: 'ES256' }), { alg: 'ES256', kid: null, typ: null })
    const header = { alg: 'Ed25519', kid: 'k', typ: 'Application/JWT' }
    assert.deepEqual(read(header), { alg: 'Ed25519', kid: 'k', typ: 'jwt' })
  })

  for (const header of [
    { alg: 'RS256' },
    { alg: 'ES256', kid: '' },
    { alg: 'ES256', kid: 7 },
    { alg: 'ES256', kid: 'x'.repeat(256) },
    { alg: 'ES256', typ: 7 },
    ...['jwk', 'jku', 'x5u', 'x5c', 'crit', 'b64', 'enc', 'zip'].map((member) => ({
      alg: 'ES256',
      [member]: null,
    })),
  ]) {
    it(`finds fault with ${JSON.stringify(header).slice(0, 60)}`, () => {
      assert.ok('fault' in read(header))
    })
  }
})

describe('parseJsonSegment', () => {
  it('gives the members of any JSON object', () => {
    const object = fc.dictionary(fc.stringMatching(/^[a-z_]{2,9}$/), fc.string())
    fc.assert(
      fc.property(object, (value) => {
        assert.deepEqual(parseJsonSegment(encode(JSON.stringify(value))), { ...value })
      }),
    )
  })

  it('gives null for JSON that is not an object', () => {
    const other = fc.jsonValue().filter((value) => value === null || typeof value !== 'object')
    fc.assert(
      fc.property(fc.oneof(other, fc.array(fc.jsonValue())), (value) => {
        assert.equal(parseJsonSegment(encode(JSON.stringify(value))), null)
      }),
    )
  })

  for (const text of ['', ' ', '{', '{"aa":1,"aa":2}', '{"aa":1}{}', 'aa']) {
    it(`gives null for ${JSON.stringify(text)}`, () =>
      assert.equal(parseJsonSegment(encode(text)), null))
  }

  it('gives null for an object that is not spelled canonically', () => {
    assert.deepEqual(parseJsonSegment('e30'), {})
    for (const text of ['e31', 'e30=', 'e3 0', 'e30\n']) assert.equal(parseJsonSegment(text), null)
  })
})
