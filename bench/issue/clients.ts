/** The clients of the load, and their requests. */

import type { KeyObject } from 'node:crypto'
import { randomUUID } from 'node:crypto'
import type { SigningAlgorithm } from '@modulariot/oauth/protocol'
import { SignJWT } from 'jose'

/** One for each algorithm that is measured. */
export const AUDIENCES = {
  RS256: 'https://api.example/rs256',
  ES256: 'https://api.example/es256',
  EdDSA: 'https://api.example/eddsa',
} as const satisfies Partial<Record<SigningAlgorithm, string>>

export type MeasuredAlgorithm = keyof typeof AUDIENCES

export const SCOPE = 'asset:track:write asset:track:read'
export const TOKEN_LIFETIME_SECONDS = 86_400

export interface BenchClient {
  readonly client_id: string
  /** Null: it signs. */
  readonly client_secret: string | null
}

/** Where requests are sent. */
export interface Target {
  /** The server, and the audience of an assertion. */
  readonly issuer: string
  readonly path: string
  /** What a token is asked for, where that is not the audience and scope of our clients. */
  readonly parameters?: Readonly<Record<string, string>>
}

/**
 * A token request as bytes on the wire.
 *
 * @param proof the parameters of client authentication.
 */
export function tokenRequest(
  { issuer, path, parameters: own }: Target,
  proof: object,
  resource: string,
): string {
  const grant_type = 'client_credentials'
  const parameters = { grant_type, ...proof, ...(own ?? { resource, scope: SCOPE }) }
  const body = new URLSearchParams(parameters).toString()
  return [
    `POST ${path} HTTP/1.1`,
    `Host: ${new URL(issuer).host}`,
    'User-Agent: bench/1.0',
    'Accept: application/json',
    'Content-Type: application/x-www-form-urlencoded',
    `Content-Length: ${body.length}`,
    '',
    body,
  ].join('\r\n')
}

/** A client's signature instead of a secret (RFC 7523 §2.2), valid once. */
export async function signedProof(client_id: string, aud: string, key: KeyObject): Promise<object> {
  const client_assertion = await new SignJWT({ jti: randomUUID() })
    .setProtectedHeader({ alg: 'ES256' })
    .setIssuer(client_id)
    .setSubject(client_id)
    .setAudience(aud)
    .setIssuedAt()
    .setExpirationTime('4m')
    .sign(key)
  const client_assertion_type = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'
  return { client_id, client_assertion_type, client_assertion }
}
