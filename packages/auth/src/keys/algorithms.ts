/**
 * What each JWS algorithm (RFC 7518 §3.1, RFC 8037) needs of `node:crypto`: keys, signatures, and a
 * decoy key to verify against. The names and the types of the keys are the oauth package's
 * `signing-algorithms.ts`.
 */

import {
  constants,
  generateKeyPair,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  type SignKeyObjectInput,
} from 'node:crypto'
import { promisify } from 'node:util'
import type { SigningAlgorithm } from '@modulariot/oauth/protocol'
import type { JWK } from 'jose'

interface Algorithm {
  readonly generate: () => Promise<{ privateKey: KeyObject }>
  readonly digest: 'sha256' | null
  readonly options: Omit<SignKeyObjectInput, 'key'>
  /** Signing takes about ten times as long as with the others. */
  readonly slow: boolean
  /** A public key of the usual size that belongs to no client. */
  readonly decoy: JWK
}

const generate = promisify(generateKeyPair)
const generateRsa = (): Promise<{ privateKey: KeyObject }> =>
  generate('rsa', { modulusLength: 2048 })

/** The compiler demands a row for each algorithm of the oauth package. */
export const ALGORITHMS: Readonly<Record<SigningAlgorithm, Algorithm>> = {
  RS256: { generate: generateRsa, digest: 'sha256', options: {}, slow: true, decoy: decoyRsa() },
  PS256: {
    generate: generateRsa,
    digest: 'sha256',
    options: { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 },
    slow: true,
    decoy: decoyRsa(),
  },
  ES256: {
    generate: () => generate('ec', { namedCurve: 'P-256' }),
    digest: 'sha256',
    // JWS wants r and s side by side (RFC 7518 §3.4), not DER.
    options: { dsaEncoding: 'ieee-p1363' },
    slow: false,
    decoy: publicJwk(generateKeyPairSync('ec', { namedCurve: 'P-256' })),
  },
  EdDSA: {
    generate: () => generate('ed25519'),
    digest: null,
    options: {},
    slow: false,
    decoy: publicJwk(generateKeyPairSync('ed25519')),
  },
}

function publicJwk({ publicKey }: { publicKey: KeyObject }): JWK {
  return publicKey.export({ format: 'jwk' })
}

/** Random instead of generated: verifying takes as long as with a product of two primes. */
function decoyRsa(): JWK {
  const modulus = randomBytes(256)
  modulus.writeUInt8(modulus.readUInt8(0) | 0x80, 0)
  modulus.writeUInt8(modulus.readUInt8(255) | 0x01, 255)
  return { kty: 'RSA', n: modulus.toString('base64url'), e: 'AQAB' }
}
