/** A client that signs instead of sending a secret: `private_key_jwt` (RFC 7523). */

import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type CryptoKey, exportJWK, generateKeyPair, SignJWT } from 'jose'
import type { RunningServer } from './running-server.ts'

export const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

export const ASSERTION_ALGORITHMS = ['RS256', 'PS256', 'ES256', 'EdDSA'] as const

export type AssertionAlgorithm = (typeof ASSERTION_ALGORITHMS)[number]

export interface KeyClient {
  readonly client_id: string
  readonly client_secret: string | null
  readonly alg: AssertionAlgorithm
  readonly privateKey: CryptoKey
}

/** Registers a client with one key, whose `kid` is the name of its algorithm. */
export async function createKeyClient(
  server: Pick<RunningServer, 'miot' | 'dataDir'>,
  alg: AssertionAlgorithm,
): Promise<KeyClient> {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true })
  const file = writeJson(server, alg, {
    keys: [{ ...(await exportJWK(publicKey)), kid: alg, alg }],
  })
  const args = ['clients', 'create', '--name', alg, '--jwks', file, '--json']
  const { stdout, stderr } = await server.miot(args)
  assert.equal(stderr, '')
  const { client_id, client_secret } = JSON.parse(stdout)
  return { client_id, client_secret, alg, privateKey }
}

/** A file for `--jwks`, removed with the data directory. */
export function writeJson(
  { dataDir }: Pick<RunningServer, 'dataDir'>,
  name: string,
  content: unknown,
): string {
  const path = join(dataDir, `${name}.json`)
  writeFileSync(path, JSON.stringify(content))
  return path
}

/** A valid assertion except for the given changes; undefined removes a claim. */
export function signAssertion(
  client: KeyClient,
  issuer: string,
  changed: Record<string, unknown> = {},
): Promise<string> {
  const now = Math.floor(Date.now() / 1000)
  const { client_id: iss, client_id: sub } = client
  const claims = { iss, sub, aud: issuer, iat: now, exp: now + 60, jti: randomUUID(), ...changed }
  return new SignJWT(claims as never)
    .setProtectedHeader({ alg: client.alg, kid: client.alg })
    .sign(client.privateKey)
}
