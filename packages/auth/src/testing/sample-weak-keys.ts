/** RSA keys as faulty generators made them, for tests. */

import { checkPrimeSync, type KeyObject, randomBytes } from 'node:crypto'
import type { JWK } from 'jose'

/**
 * The largest prime in the library's product, by the size of the key (Nemec et al., ACM CCS 2017,
 * section 2.1: up to 701 from 1984 bits on, up to 1427 from 3968).
 */
const largestPrime = (bits: number): number => (bits < 3968 ? 701 : 1427)

/** A prime k * M + (65537^a mod M), as the library of CVE-2017-15361 made it. */
export function rocaPrime(bits: number, keyBits: number): bigint {
  const product = primorial(largestPrime(keyBits))
  for (;;) {
    const power = modularPower(65_537n, randomBelow(1n << 64n), product)
    const low = (3n << BigInt(bits - 2)) / product
    const candidate =
      (low + 1n + randomBelow((1n << BigInt(bits - 2)) / product - 2n)) * product + power
    if (checkPrimeSync(candidate)) return candidate
  }
}

export function rocaModulus(bits: number): bigint {
  return rocaPrime(bits / 2, bits) * rocaPrime(bits / 2, bits)
}

/** The first prime not below `from`. */
export function nextPrime(from: bigint): bigint {
  let candidate = from | 1n
  while (!checkPrimeSync(candidate)) candidate += 2n
  return candidate
}

export function modulusOf(key: KeyObject): bigint {
  const { n = '' } = key.export({ format: 'jwk' }) as JWK
  return BigInt(`0x${Buffer.from(n, 'base64url').toString('hex')}`)
}

/** A public key with the usual exponent. */
export function rsaJwk(modulus: bigint): JWK {
  const hex = modulus.toString(16)
  const n = Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex')
  return { kty: 'RSA', n: n.toString('base64url'), e: 'AQAB' }
}

/** The private key that two primes make, close or not. */
export function privateRsaJwk(p: bigint, q: bigint): JWK {
  const totient = (p - 1n) * (q - 1n)
  const d = inverse(65_537n, totient)
  const member = (number: bigint): string => rsaJwk(number).n as string
  const dp = member(d % (p - 1n))
  const dq = member(d % (q - 1n))
  const qi = member(modularPower(q, p - 2n, p))
  return { ...rsaJwk(p * q), d: member(d), p: member(p), q: member(q), dp, dq, qi }
}

function primorial(largest: number): bigint {
  let product = 2n
  for (let number = 3n; number <= largest; number += 2n) {
    if (checkPrimeSync(number)) product *= number
  }
  return product
}

function modularPower(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n
  let square = base % modulus
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * square) % modulus
    square = (square * square) % modulus
  }
  return result
}

/** By Euclid's algorithm; the two have no common factor. */
function inverse(number: bigint, modulus: bigint): bigint {
  let [rest, next, result, nextResult] = [modulus, number, 0n, 1n]
  while (next > 0n) {
    const times = rest / next
    ;[rest, next] = [next, rest - times * next]
    ;[result, nextResult] = [nextResult, result - times * nextResult]
  }
  return ((result % modulus) + modulus) % modulus
}

function randomBelow(end: bigint): bigint {
  const bytes = Math.ceil(end.toString(16).length / 2) + 8
  return BigInt(`0x${randomBytes(bytes).toString('hex')}`) % end
}
