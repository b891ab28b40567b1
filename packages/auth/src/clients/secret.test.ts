import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import {
  createId,
  createSecret,
  digestSecret,
  digestsEqual,
  hintOf,
  isWellFormedSecret,
} from './secret.ts'

const BASE62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const VISIBLE = Array.from({ length: 95 }, (_, index) => String.fromCharCode(0x20 + index))
const key = (byte: number): Uint8Array => new Uint8Array(32).fill(byte)

/** Secrets of both environments; fast-check picks which. */
const secrets = fc.constantFrom('development', 'production').map((name) => createSecret(name))

describe('a secret', () => {
  it('has its environment, then 43 random characters and 6 of checksum', () => {
    assert.match(createSecret('development'), /^miot_dev_[0-9A-Za-z]{49}$/)
    assert.match(createSecret('production'), /^miot_prod_[0-9A-Za-z]{49}$/)
  })

  it('has a checksum that others can compute: CRC-32 of all before it, in base62', () => {
    assert.ok(isWellFormedSecret(`miot_dev_${'0'.repeat(43)}1wmmvm`))
    assert.ok(isWellFormedSecret(`miot_prod_${'z'.repeat(43)}2muIjR`))
  })

  it('is well-formed, and a new one each time', () => {
    const made = Array.from({ length: 1000 }, () => createSecret('production'))
    assert.ok(made.every(isWellFormedSecret))
    assert.equal(new Set(made).size, made.length)
  })

  it('has a hint of four characters, none of them random', () => {
    fc.assert(
      fc.property(secrets, (secret) => {
        const checksum = secret.slice(-6)
        assert.equal(hintOf(secret), checksum.slice(2))
      }),
      { numRuns: 50 },
    )
  })

  it('uses the whole alphabet', () => {
    const used = new Set(
      Array.from({ length: 200 }, () => createSecret('production').slice(11)).join(''),
    )
    assert.deepEqual([...used].sort(), [...BASE62])
  })

  it('with any one character mistyped is refused', () => {
    const secret = createSecret('development')
    for (let at = 0; at < secret.length; at++) {
      for (const character of VISIBLE) {
        if (character === secret[at]) continue
        const mistyped = secret.slice(0, at) + character + secret.slice(at + 1)
        assert.ok(!isWellFormedSecret(mistyped), mistyped)
      }
    }
  })

  it('with one character mistyped is refused, for any secret', () => {
    const typo = fc.record({ at: fc.nat(), by: fc.constantFrom(...BASE62) })
    fc.assert(
      fc.property(secrets, typo, (secret, { at, by }) => {
        const index = at % secret.length
        fc.pre(secret[index] !== by)
        assert.ok(!isWellFormedSecret(secret.slice(0, index) + by + secret.slice(index + 1)))
      }),
      { numRuns: 1000 },
    )
  })

  it('with two neighbours swapped, a character lost or one added is refused', () => {
    fc.assert(
      fc.property(secrets, fc.nat(), (secret, at) => {
        const index = at % (secret.length - 1)
        const [one, two] = [secret[index] as string, secret[index + 1] as string]
        const [before, after] = [secret.slice(0, index), secret.slice(index + 2)]
        if (one !== two) assert.ok(!isWellFormedSecret(before + two + one + after))
        assert.ok(!isWellFormedSecret(before + two + after))
        assert.ok(!isWellFormedSecret(before + one + one + two + after))
      }),
    )
  })

  it('of one environment does not become one of the other by its prefix', () => {
    const secret = createSecret('development')
    assert.ok(!isWellFormedSecret(secret.replace('miot_dev_', 'miot_prod_')))
  })

  it('is refused with anything around it', () => {
    const secret = createSecret('production')
    for (const text of [
      ` ${secret}`,
      `${secret}\n`,
      `${secret} `,
      `'${secret}'`,
      '',
      'miot_dev_',
    ]) {
      assert.ok(!isWellFormedSecret(text), JSON.stringify(text))
    }
  })
})

describe('a digest', () => {
  it('is 256 bits in base64url, the same for the same secret and key', () => {
    const digest = digestSecret('miot_dev_x', key(1))
    assert.match(digest, /^[A-Za-z0-9_-]{43}$/)
    assert.equal(digestSecret('miot_dev_x', key(1)), digest)
  })

  it('is HMAC-SHA-256 (RFC 4231 §4.3)', () => {
    const expected = '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843'
    const digest = digestSecret('what do ya want for nothing?', Buffer.from('Jefe'))
    assert.equal(Buffer.from(digest, 'base64url').toString('hex'), expected)
  })

  it('differs by the secret and by the key', () => {
    const digests = [
      digestSecret('miot_dev_x', key(1)),
      digestSecret('miot_dev_y', key(1)),
      digestSecret('miot_dev_x', key(2)),
    ]
    assert.equal(new Set(digests).size, 3)
  })

  it('equals only itself, and one of another length is no error', () => {
    assert.ok(digestsEqual('abc', 'abc'))
    for (const other of ['abd', 'ab', 'abcd', '', 'ABC', 'äbc'])
      assert.ok(!digestsEqual('abc', other))
  })
})

describe('an id', () => {
  it('has its prefix, then 128 random bits', () => {
    assert.match(createId('client'), /^client_[0-9A-Za-z]{22}$/)
    assert.equal(new Set(Array.from({ length: 1000 }, () => createId('org'))).size, 1000)
  })
})
