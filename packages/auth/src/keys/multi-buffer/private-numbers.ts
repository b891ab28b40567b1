/** Takes an RSA private key apart, in memory that can be overwritten, which strings cannot. */

import type { KeyObject } from 'node:crypto'
import { type PrivateNumbers, RSA_BYTES } from './multi-buffer.ts'

const INTEGER = 0x02
const SEQUENCE = 0x30

/**
 * Runs `work` with the numbers of the key, and overwrites them after.
 *
 * @returns what `work` returns; null when this is no key of 2048 bits with two primes of 1024 bits
 *   and the exponent 65537.
 */
export function withPrivateNumbers<Result>(
  key: KeyObject,
  work: (numbers: PrivateNumbers) => Result,
): Result | null {
  const { modulusLength, publicExponent } = key.asymmetricKeyDetails ?? {}
  if (key.asymmetricKeyType !== 'rsa') return null
  if (modulusLength !== RSA_BYTES * 8 || publicExponent !== 65_537n) return null
  const der = key.export({ type: 'pkcs1', format: 'der' })
  try {
    const numbers = numbersOf(der)
    return numbers && work(numbers)
  } finally {
    der.fill(0)
  }
}

/** RSAPrivateKey (RFC 8017 §A.1.2); the results are views of `der`. */
function numbersOf(der: Buffer): PrivateNumbers | null {
  const outer = element(der, 0)
  if (outer.tag !== SEQUENCE) return null
  const found: Buffer[] = []
  for (let at = outer.start; at < outer.end; ) {
    const { tag, start, end } = element(der, at)
    if (tag !== INTEGER) return null
    // A leading zero keeps the number positive.
    found.push(der.subarray(der[start] === 0 ? start + 1 : start, end))
    at = end
  }
  const [version, n, , , p, q, dp, dq, qInv, ...more] = found
  if (!version || !n || !p || !q || !dp || !dq || !qInv || more.length > 0) return null
  const primes = [p, q].every(({ length }) => length === RSA_BYTES / 2)
  const parts = [dp, dq, qInv].every(({ length }) => length <= RSA_BYTES / 2)
  return n.length === RSA_BYTES && primes && parts ? { n, p, q, dp, dq, qInv } : null
}

/** Tag, and where the content is (X.690 §8.1). */
function element(der: Buffer, at: number): { tag: number; start: number; end: number } {
  const first = der.readUInt8(at + 1)
  const lengthBytes = first < 0x80 ? 0 : first & 0x7f
  const length = lengthBytes === 0 ? first : der.readUIntBE(at + 2, lengthBytes)
  const start = at + 2 + lengthBytes
  return { tag: der.readUInt8(at), start, end: start + length }
}
