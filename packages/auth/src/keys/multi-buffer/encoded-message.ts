/**
 * EMSA-PKCS1-v1_5 with SHA-256 for a modulus of 2048 bits (RFC 8017 §9.2): the bytes that RS256
 * raises to the private exponent. All but the last 32 are the same for every message.
 */

import { hash } from 'node:crypto'
import { RSA_BYTES } from './multi-buffer.ts'

/** DigestInfo up to the digest (RFC 8017 §9.2, note 1). */
const SHA256_INFO = Buffer.from('3031300d060960864801650304020105000420', 'hex')
const DIGEST_BYTES = 32
/** `0x00 0x01`, then 0xff, then `0x00`. */
const PADDING = Buffer.alloc(RSA_BYTES - DIGEST_BYTES - SHA256_INFO.length, 0xff)
PADDING.writeUInt8(0x00, 0)
PADDING.writeUInt8(0x01, 1)
PADDING.writeUInt8(0x00, PADDING.length - 1)

const BEFORE_DIGEST = Buffer.concat([PADDING, SHA256_INFO])

/** @param into where to write the 256 bytes. */
export function encodeMessage(input: Buffer, into: Buffer): void {
  BEFORE_DIGEST.copy(into)
  hash('sha256', input, 'buffer').copy(into, BEFORE_DIGEST.length)
}
