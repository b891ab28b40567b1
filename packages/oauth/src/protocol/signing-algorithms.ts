/**
 * The JWS algorithms of access tokens and client assertions.
 *
 * A new algorithm is a new row, in the order of advertisement. The compiler then demands its row in
 * ModularIoT Auth's `keys/algorithms.ts`, which makes keys and signatures.
 */

interface KeyType {
  readonly kty: string
  readonly crv?: string
}

const ROWS = {
  RS256: { kty: 'RSA' },
  PS256: { kty: 'RSA' },
  ES256: { kty: 'EC', crv: 'P-256' },
  EdDSA: { kty: 'OKP', crv: 'Ed25519' },
} as const satisfies Record<string, KeyType>

export type SigningAlgorithm = keyof typeof ROWS

/** The key each algorithm needs (RFC 7518 §6, RFC 8037 §2). */
export const KEY_TYPES: Readonly<Record<SigningAlgorithm, KeyType>> = ROWS

export const SIGNING_ALGORITHMS = Object.keys(ROWS) as readonly SigningAlgorithm[]
