/**
 * Client secrets: `miot_dev_` or `miot_prod_`, 43 base62 characters (256 random bits), 6 of
 * checksum.
 *
 * The prefix lets scanners find a leaked secret, and shows its environment. The checksum (CRC-32,
 * against typos, not attacks) refuses a mistyped secret without a store read. The random part
 * cannot be guessed, so a fast keyed digest is the right stored form: a slow password hash would
 * only slow down logins.
 */

import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { crc32 } from 'node:zlib'
import type { Environment } from '@modulariot/oauth/protocol'

const PREFIX: Readonly<Record<Environment, string>> = {
  development: 'miot_dev_',
  production: 'miot_prod_',
}
const BASE62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const RANDOM_LENGTH = 43
const CHECKSUM_LENGTH = 6
/**
 * For secret scanners: matches our secrets in any text. A hit with a wrong checksum is a false
 * positive.
 */
export const SECRET_SCANNER_PATTERN = String.raw`\bmiot_(?:dev|prod)_[0-9A-Za-z]{49}\b`

const SECRET = /^miot_(?:dev|prod)_[0-9A-Za-z]{49}$/

/** A new secret. It is shown to its owner once and kept only as a digest. */
export function createSecret(environment: Environment): string {
  const body = PREFIX[environment] + base62(randomBytes(32), RANDOM_LENGTH)
  return body + checksum(body)
}

/** A new identifier with 128 random bits, such as `client_…` or `org_…`. */
export function createId(prefix: string): string {
  return `${prefix}_${base62(randomBytes(16), 22)}`
}

/** True when prefix, alphabet, length and checksum fit. */
export function isWellFormedSecret(secret: string): boolean {
  if (!SECRET.test(secret)) return false
  return secret.endsWith(checksum(secret.slice(0, -CHECKSUM_LENGTH)))
}

const HINT_LENGTH = 4

/**
 * The last four characters, for an owner to recognize a secret by; the whole is stored nowhere.
 *
 * They belong to the checksum, and reveal less than 24 bits of 256 (62⁴ < 2²⁴): more than 2²³²
 * secrets end alike, of which a guesser may try a few a minute.
 */
export function hintOf(secret: string): string {
  return secret.slice(-HINT_LENGTH)
}

/** The stored form of a secret: HMAC-SHA-256 under the server's own key, base64url. */
export function digestSecret(secret: string, digestKey: Uint8Array): string {
  return createHmac('sha256', digestKey).update(secret).digest('base64url')
}

/** Compares in constant time. */
export function digestsEqual(one: string, other: string): boolean {
  const a = Buffer.from(one)
  const b = Buffer.from(other)
  return a.length === b.length && timingSafeEqual(a, b)
}

function checksum(body: string): string {
  let value = crc32(body)
  let text = ''
  for (let index = 0; index < CHECKSUM_LENGTH; index++) {
    text = BASE62[value % 62] + text
    value = Math.floor(value / 62)
  }
  return text
}

/** Big-endian base62 with leading zeros, so that all values of one size have the same length. */
function base62(bytes: Uint8Array, length: number): string {
  let value = BigInt(`0x${Buffer.from(bytes).toString('hex')}`)
  let text = ''
  for (let index = 0; index < length; index++) {
    text = BASE62[Number(value % 62n)] + text
    value /= 62n
  }
  return text
}
