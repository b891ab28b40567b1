/**
 * The port to a library that computes RSA-2048 in eight lanes at a time: bare exponentiations, with
 * no padding and no checks. `crypto-mb.ts` has Intel's, and tests have one of their own.
 */

export const LANES = 8
/** Of a modulus, and so of a message and a signature. */
export const RSA_BYTES = 256

/** Integers of an RSA private key (RFC 8017 §3.2), big-endian, without leading zeros. */
export interface PrivateNumbers {
  /** 256 bytes. */
  readonly n: Buffer
  /** 128 bytes. */
  readonly p: Buffer
  readonly q: Buffer
  readonly dp: Buffer
  readonly dq: Buffer
  readonly qInv: Buffer
}

/** The numbers of a key in the library's memory. */
export interface LoadedKey {
  /** Overwrites them with zeros. The key must not be used after. */
  wipe(): void
}

export interface MultiBuffer {
  /** Its name and version, for messages. */
  readonly about: string
  /** What to sign: one message after the other, 256 bytes each, big-endian. */
  readonly messages: Buffer
  /** The signatures, in the same order. */
  readonly signatures: Buffer
  /** The messages again, from the signatures. */
  readonly recovered: Buffer
  load(numbers: PrivateNumbers): LoadedKey
  /** Sets the key of a lane for both operations. */
  use(lane: number, key: LoadedKey): void
  /** Messages to signatures, with the private keys. @returns 0 when all lanes succeeded. */
  sign(): number
  /** Signatures to `recovered`, with the public keys. @returns 0 when all lanes succeeded. */
  recover(): number
  /** Overwrites all memory but that of loaded keys, which has traces of them. */
  wipe(): void
}
