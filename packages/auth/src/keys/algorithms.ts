/** How each JWS algorithm (RFC 7518 §3.1, RFC 8037) is asked of `node:crypto`. */

import { constants, generateKeyPair, type KeyObject, type SignKeyObjectInput } from 'node:crypto'
import { promisify } from 'node:util'
import type { SigningAlgorithm } from '@modulariot/oauth/protocol'

interface Algorithm {
  readonly generate: () => Promise<{ privateKey: KeyObject }>
  readonly digest: 'sha256' | null
  readonly options: Omit<SignKeyObjectInput, 'key'>
  /** A signature takes about ten times what the others take. */
  readonly dear: boolean
}

const generate = promisify(generateKeyPair)
const rsa = (): Promise<{ privateKey: KeyObject }> => generate('rsa', { modulusLength: 2048 })

/** A new algorithm is a new row. */
export const ALGORITHMS: Readonly<Record<SigningAlgorithm, Algorithm>> = {
  RS256: { generate: rsa, digest: 'sha256', options: {}, dear: true },
  PS256: {
    generate: rsa,
    digest: 'sha256',
    options: { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 },
    dear: true,
  },
  ES256: {
    generate: () => generate('ec', { namedCurve: 'P-256' }),
    digest: 'sha256',
    // JWS wants r and s side by side (RFC 7518 §3.4), not DER.
    options: { dsaEncoding: 'ieee-p1363' },
    dear: false,
  },
  EdDSA: { generate: () => generate('ed25519'), digest: null, options: {}, dear: false },
}
