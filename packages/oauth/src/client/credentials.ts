/**
 * How the client authenticates: with a secret, or with a key that signs an assertion (RFC 6749
 * §2.3.1, RFC 7523 §2.2).
 *
 * Read again for each exchange, so that a rotated secret is used without a restart, and never
 * stored. Only a key needs jose, so a client with a secret does not load it.
 */

import type { CryptoKey, JWK } from 'jose'
import { CLIENT_ASSERTION_TYPE, type SigningAlgorithm } from '../protocol/index.ts'
import { ConfigError } from './token-error.ts'

export type SecretSource = string | (() => string | Promise<string>)

export interface ClientKey {
  /** The private key: a `CryptoKey` usable for signing, or a private JWK. */
  readonly key: CryptoKey | JWK
  readonly alg: SigningAlgorithm
  /** The id under which the public key is registered. */
  readonly kid?: string
}

export type ClientKeySource = ClientKey | (() => ClientKey | Promise<ClientKey>)

/** The secret or key as read once. */
export interface Proof {
  /** Changes when the secret or key does. For a secret it is the secret itself. */
  readonly identity: string
  /** Texts that must not appear in any message. */
  readonly secrets: readonly string[]
  /** The form parameters for one request. */
  parameters(context: ProofContext): Promise<Readonly<Record<string, string>>>
}

export interface ProofContext {
  readonly client_id: string
  /** The audience of an assertion; null when unknown. */
  readonly issuer: string | null
  /** Unix seconds by the server's clock, as far as it is known. */
  readonly nowSeconds: number
}

/** Long enough for one request on a slow network; the `jti` prevents a replay within it. */
const ASSERTION_LIFETIME_SECONDS = 60

/** @throws ConfigError when the source fails or returns nothing. Its error is not shown. */
export async function readSecret(source: SecretSource): Promise<Proof> {
  const client_secret = await read('client_secret', source)
  if (typeof client_secret !== 'string' || client_secret === '') {
    throw new ConfigError(
      'client_secret is empty: set the secret shown when the client was created',
    )
  }
  return {
    identity: client_secret,
    secrets: [client_secret],
    parameters: async ({ client_id }) => ({ client_id, client_secret }),
  }
}

/** @throws ConfigError, like `readSecret`. */
export async function readClientKey(source: ClientKeySource): Promise<Proof> {
  const { key, alg, kid } = await read('client_key', source)
  const name = kid ?? ('kty' in key ? key.kid : undefined)
  return {
    identity: `${alg} ${'kty' in key ? await thumbprint(key) : (name ?? '')}`,
    secrets: [],
    async parameters({ client_id, issuer, nowSeconds }) {
      if (issuer === null)
        throw new ConfigError('client_key needs issuer: its assertions name it as audience')
      const { SignJWT } = await import('jose/jwt/sign')
      const iat = Math.floor(nowSeconds)
      const client_assertion = await new SignJWT({ jti: crypto.randomUUID() })
        .setProtectedHeader({ alg, typ: 'JWT', ...(name !== undefined && { kid: name }) })
        .setIssuer(client_id)
        .setSubject(client_id)
        .setAudience(issuer)
        .setIssuedAt(iat)
        .setExpirationTime(iat + ASSERTION_LIFETIME_SECONDS)
        .sign(await signingKey(key, alg))
        .catch(() => {
          throw new ConfigError(`client_key cannot sign with ${alg}: set the private key`)
        })
      return { client_assertion_type: CLIENT_ASSERTION_TYPE, client_assertion }
    },
  }
}

async function signingKey(key: CryptoKey | JWK, alg: string): Promise<CryptoKey | Uint8Array> {
  const { importJWK } = await import('jose/key/import')
  try {
    return 'kty' in key ? await importJWK(key as JWK, alg) : (key as CryptoKey)
  } catch {
    throw new ConfigError(`client_key is not a key for ${alg}`)
  }
}

async function thumbprint(key: JWK): Promise<string> {
  const { calculateJwkThumbprint } = await import('jose/jwk/thumbprint')
  try {
    return await calculateJwkThumbprint(key)
  } catch {
    throw new ConfigError('client_key is not a JWK')
  }
}

/**
 * The message of a failing parser or file system may quote the secret, so only its code is
 * reported.
 */
async function read<Value>(
  name: string,
  source: Value | (() => Value | Promise<Value>),
): Promise<Value> {
  if (typeof source !== 'function') return source
  try {
    return await (source as () => Value | Promise<Value>)()
  } catch (error) {
    if (error instanceof ConfigError) throw error
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'it threw'
    throw new ConfigError(`${name} cannot be read (${code.slice(0, 40)})`)
  }
}

export async function sha256(text: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('')
}
