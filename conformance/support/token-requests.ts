/** Token requests in the ways that RFC 6749 and the documents allow. */

import assert from 'node:assert/strict'
import type { Connection, Request } from './connection.ts'
import type { Credentials, RunningServer } from './running-server.ts'

export const JSON_TYPE = { 'content-type': 'application/json' } as const
export const FORM_TYPE = { 'content-type': 'application/x-www-form-urlencoded' } as const

/** A request without its path. */
export type Message = Omit<Request, 'path'>

export function asJson(members: object, headers: Record<string, string> = {}): Message {
  return { headers: { ...JSON_TYPE, ...headers }, body: JSON.stringify(members) }
}

/** @param parameters pairs if one is repeated. */
export function asForm(
  parameters: Readonly<Record<string, string>> | readonly (readonly [string, string])[],
  headers: Record<string, string> = {},
): Message {
  const pairs = Array.isArray(parameters) ? parameters : Object.entries(parameters)
  const body = new URLSearchParams(pairs as [string, string][]).toString()
  return { headers: { ...FORM_TYPE, ...headers }, body }
}

/** The header of `client_secret_basic`: both halves form-encoded, then joined (RFC 6749 §2.3.1). */
export function basic(client_id: string, client_secret: string): { authorization: string } {
  const pair = `${encodeURIComponent(client_id)}:${encodeURIComponent(client_secret)}`
  return { authorization: `Basic ${Buffer.from(pair).toString('base64')}` }
}

/** Without the members that Basic contains. */
export function withoutSecret({ audience, grant_type }: Credentials) {
  return { audience, grant_type }
}

/** Registers a client with `miot clients create`; its secret is not in the server's output. */
export async function createClient(
  server: Pick<RunningServer, 'miot'>,
  ...options: readonly string[]
): Promise<Credentials> {
  const name = options.includes('--name') ? [] : ['--name', 'Conformance']
  const result = await server.miot(['clients', 'create', '--json', ...name, ...options])
  assert.equal(result.status, 0, result.stderr)
  const { client_id, client_secret, audience, grant_type } = JSON.parse(result.stdout)
  return { client_id, client_secret, audience, grant_type }
}

/** An access token from the documented face. */
export async function accessToken(
  connection: Connection,
  credentials: Credentials,
  more: Record<string, string> = {},
): Promise<string> {
  const answer = await connection.send({
    path: '/api/v1/login',
    ...asJson({ ...credentials, ...more }),
  })
  assert.equal(answer.status, 200, answer.text)
  return answer.json().access_token as string
}
