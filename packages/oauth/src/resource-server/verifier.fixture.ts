/**
 * Shared by the tests of the verifier: an issuer's keys, its tokens, and a verifier with a virtual
 * clock.
 *
 * For tests only.
 */

import { CompactSign, type CryptoKey, exportJWK, generateKeyPair, type JWK } from 'jose'
import { SIGNING_ALGORITHMS, type SigningAlgorithm } from '../protocol/index.ts'
import type { AccessTokenHeader } from './compact-token.ts'
import { findVerificationKey } from './json-web-key-set.ts'
import { createVerifier, type VerifierOptions } from './verifier.ts'

/** Unix seconds. */
export const NOW = 1_800_000_000
export const ISSUER = 'https://auth.example'
export const AUDIENCE = 'https://api.example/v1'
export const CLAIMS = {
  iss: ISSUER,
  sub: 'client-1',
  aud: AUDIENCE,
  exp: NOW + 86_400,
  iat: NOW,
  jti: 'token-1',
  client_id: 'client-1',
  azp: 'client-1',
  scope: 'asset:track:read asset:track:write',
  org_id: 'org-1',
  environment: 'development',
}

interface Key {
  readonly privateKey: CryptoKey
  readonly publicKey: CryptoKey
  readonly public_jwk: JWK
}

/** One per algorithm, whose name is also its `kid`. */
export const keys = Object.fromEntries(
  await Promise.all(
    SIGNING_ALGORITHMS.map(async (alg) => {
      const pair = await generateKeyPair(alg, { extractable: true })
      return [alg, { ...pair, public_jwk: { ...(await exportJWK(pair.publicKey)), kid: alg, alg } }]
    }),
  ),
) as Record<SigningAlgorithm, Key>

/** A verifier with the published keys, its clock, and the headers it looked up keys for. */
export function setUp(options: Partial<VerifierOptions> = {}) {
  const clock = { seconds: NOW }
  const finds: AccessTokenHeader[] = []
  const set = { keys: Object.values(keys).map((key) => key.public_jwk) }
  const find = (header: AccessTokenHeader) => {
    finds.push(header)
    return findVerificationKey(set, header)
  }
  const verifier = createVerifier({
    issuer: ISSUER,
    audience: AUDIENCE,
    keys: { find },
    now: () => clock.seconds * 1000,
    ...options,
  })
  const verify = (token: string, scope?: string) =>
    verifier.verify(`Bearer ${token}`, scope === undefined ? {} : { scope })
  return { clock, finds, verifier, verify }
}

/** A token with a valid signature over the given claims. */
export function sign(
  payload: object | string,
  alg: SigningAlgorithm = 'ES256',
  header: object = {},
): Promise<string> {
  const text = typeof payload === 'string' ? payload : JSON.stringify(payload)
  return new CompactSign(new TextEncoder().encode(text))
    .setProtectedHeader({ alg, kid: alg, typ: 'at+jwt', ...header })
    .sign(keys[alg].privateKey)
}
