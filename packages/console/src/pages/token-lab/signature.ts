/** The signature of a token, checked by the browser against the keys that the server publishes. */

import { bytesOf, type Decoded } from './decode.ts'

export interface PublishedKey extends JsonWebKey {
  readonly kid?: string
}

/** A row for each algorithm that tokens may be signed with. */
const ALGORITHMS = {
  RS256: { kty: 'RSA', key: { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }, sign: {} },
  PS256: { kty: 'RSA', key: { name: 'RSA-PSS', hash: 'SHA-256' }, sign: { saltLength: 32 } },
  ES256: { kty: 'EC', key: { name: 'ECDSA', namedCurve: 'P-256' }, sign: { hash: 'SHA-256' } },
  EdDSA: { kty: 'OKP', key: { name: 'Ed25519' }, sign: {} },
} as const

type Algorithm = keyof typeof ALGORITHMS

export const ALGORITHM_NAMES = Object.keys(ALGORITHMS)

export function isAlgorithm(name: unknown): name is Algorithm {
  return typeof name === 'string' && Object.hasOwn(ALGORITHMS, name)
}

/** The key that the header names, if it is of the kind that the algorithm needs. */
export function keyFor(
  header: Decoded['header'],
  keys: readonly PublishedKey[],
): PublishedKey | undefined {
  if (!isAlgorithm(header?.alg) || typeof header.kid !== 'string') return undefined
  const { kty } = ALGORITHMS[header.alg]
  return keys.find(
    (key) =>
      key.kid === header.kid &&
      key.kty === kty &&
      (key.alg === undefined || key.alg === header.alg),
  )
}

/** Null: this browser cannot tell, as without TLS. */
export async function isSignedBy(
  key: PublishedKey,
  { header, segments }: Decoded,
): Promise<boolean | null> {
  const { subtle } = globalThis.crypto
  if (subtle === undefined || !isAlgorithm(header?.alg)) return null
  const { key: algorithm, sign } = ALGORITHMS[header.alg]
  const [head, payload, signature] = segments as [string, string, string]
  try {
    const { kty, n, e, crv, x, y } = key
    const jwk = Object.fromEntries(
      Object.entries({ kty, n, e, crv, x, y }).filter(([, value]) => value !== undefined),
    )
    const imported = await subtle.importKey('jwk', jwk, algorithm, false, ['verify'])
    const signed = new TextEncoder().encode(`${head}.${payload}`)
    return await subtle.verify({ ...algorithm, ...sign }, imported, bytesOf(signature), signed)
  } catch (error) {
    if (error instanceof DOMException && error.name === 'NotSupportedError') return null
    return false
  }
}
