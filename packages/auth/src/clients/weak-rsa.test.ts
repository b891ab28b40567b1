import assert from 'node:assert/strict'
import { checkPrimeSync, generateKeyPairSync, generatePrimeSync } from 'node:crypto'
import { describe, it } from 'node:test'
import { modulusOf, nextPrime, rocaModulus, rocaPrime } from '../testing/sample-weak-keys.ts'
import { rsaWeakness } from './weak-rsa.ts'

const ORDINARY_KEYS = 20

const ordinary = (modulusLength: number) =>
  modulusOf(generateKeyPairSync('rsa', { modulusLength }).publicKey)

const prime = (bits: number): bigint => generatePrimeSync(bits, { bigint: true })

describe('the weakness of an RSA modulus', () => {
  for (const bits of [2048, 3072, 4096]) {
    it(`is ROCA for ${bits} bits made as the faulty library made them`, () => {
      assert.match(String(rsaWeakness(rocaModulus(bits))), /ROCA/)
    })
  }

  it('is null when one of the two primes is ordinary', () => {
    assert.equal(rsaWeakness(rocaPrime(1024, 2048) * prime(1024)), null)
  })

  it('is null for ordinary keys', () => {
    for (let made = 0; made < ORDINARY_KEYS; made++) assert.equal(rsaWeakness(ordinary(2048)), null)
    assert.equal(rsaWeakness(ordinary(3072)), null)
  })

  it('is found in fewer than one of 2^27 ordinary moduli by chance', () => {
    // An ordinary modulus is equally likely to be any nonzero number modulo a small prime. How many
    // of those are powers?
    let chance = 1
    for (let number = 3; number <= 167; number++) {
      if (!checkPrimeSync(BigInt(number))) continue
      const powers = new Set<number>()
      for (let power = 1; !powers.has(power); power = (power * 65_537) % number) powers.add(power)
      chance *= powers.size / (number - 1)
    }
    assert.ok(chance < 2 ** -27 && chance > 2 ** -29, `2^${Math.log2(chance)}`)
  })

  it('is two close or equal primes, and not primes that are far apart', () => {
    const p = prime(1024)
    for (const q of [p, nextPrime(p + 2n), nextPrime(p + (1n << 500n))]) {
      assert.match(String(rsaWeakness(p * q)), /too close/)
    }
    assert.equal(rsaWeakness(p * nextPrime(p + (1n << 900n))), null)
  })

  it('is a small factor', () => {
    const large = prime(1024) * prime(1024)
    for (const factor of [2n, 3n, 163n, 167n]) {
      assert.match(String(rsaWeakness(factor * large)), /small prime factor/)
    }
  })
})
