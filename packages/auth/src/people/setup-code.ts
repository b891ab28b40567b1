/**
 * The code that proves, off loopback, that the first account belongs to the operator.
 *
 * It is derived from the encryption key: every instance accepts it, nothing has to be stored, and
 * it is of no use once an organization has a member.
 */

import { timingSafeEqual } from 'node:crypto'

const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ' // Crockford's base32
const GROUPS = 4
const GROUP_LENGTH = 4

/** 80 bits, such as `7K2M-…`. @param key from `deriveInstallationKeys`. */
export function setupCode(key: Uint8Array): string {
  const digits = [...key.subarray(0, GROUPS * GROUP_LENGTH)].map((byte) => ALPHABET[byte % 32])
  const groups = Array.from({ length: GROUPS }, (_, group) =>
    digits.slice(group * GROUP_LENGTH, (group + 1) * GROUP_LENGTH).join(''),
  )
  return groups.join('-')
}

/** Compares in constant time; case, spaces and hyphens do not matter. */
export function isSetupCode(entered: string, keys: readonly Uint8Array[]): boolean {
  const plain = plainCode(entered)
  return (
    keys.map((key) => plainCode(setupCode(key))).filter((code) => equal(code, plain)).length > 0
  )
}

function plainCode(code: string): string {
  return code.toUpperCase().replaceAll(/[\s-]/g, '').replaceAll('O', '0').replaceAll(/[IL]/g, '1')
}

function equal(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)]
  return a.length === b.length && timingSafeEqual(a, b)
}
