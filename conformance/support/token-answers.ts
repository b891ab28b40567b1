/** The form of every response of the token endpoint, and what it must not contain. */

import assert from 'node:assert/strict'
import type { Known } from './bad-token-request.ts'
import type { Answer } from './connection.ts'
import type { Refusal } from './faces.ts'

/** RFC 6749 §5.1. */
export function assertGranted(answer: Answer): void {
  assert.equal(answer.status, 200, answer.text)
  assertHeaders(answer)
  const members = Object.keys(answer.json()).sort()
  assert.deepEqual(members, ['access_token', 'expires_in', 'refresh_in', 'scope', 'token_type'])
}

export function assertRefused(answer: Answer, expected: Refusal): void {
  assert.equal(answer.status, expected.status, answer.text)
  const { error, error_description } = assertErrorBody(answer)
  assert.equal(error, expected.error, answer.text)
  if (expected.error_description !== undefined) {
    assert.equal(error_description, expected.error_description)
  }
  for (const name of expected.names ?? []) {
    assert.match(error_description, new RegExp(`\\b${name}\\b`), `names ${name}`)
  }
}

/** RFC 6749 §5.2: both members, and only characters of the grammar. */
export function assertErrorBody(answer: Answer): { error: string; error_description: string } {
  assertHeaders(answer)
  const { error, error_description, ...rest } = answer.json()
  assert.deepEqual(rest, {})
  assert.match(String(error), /^[a-z_]+$/)
  assert.match(String(error_description), /^[\x20\x21\x23-\x5b\x5d-\x7e]+$/)
  return { error: String(error), error_description: String(error_description) }
}

function assertHeaders({ headers }: Answer): void {
  assert.match(String(headers['content-type']), /^application\/json(; ?charset=utf-8)?$/i)
  assert.equal(headers['cache-control'], 'no-store')
  assert.match(String(headers['x-request-id']), /^[\x21-\x7e]+$/)
}

/** Every 401 names the scheme, however the client tried (RFC 9110 §15.5.2, RFC 6749 §5.2). */
export function assertChallenge(answer: Answer): void {
  const challenge = answer.headers['www-authenticate']
  if (answer.status === 401) assert.match(challenge ?? '', /^Basic realm="[^"]+"/)
  else assert.equal(challenge, undefined)
}

export function assertEchoesNothing(answer: Answer, { credentials, otherSecret }: Known): void {
  const everything = answer.text + JSON.stringify(answer.headers)
  for (const secret of [credentials.client_secret, otherSecret, 'hunter2', 'x.example']) {
    assert.ok(!everything.includes(secret), `the response echoes ${secret}`)
  }
}

/** The parts of a response that must not depend on the reason of the refusal. */
export function comparable({ status, headers, text }: Answer): string {
  const { date, 'x-request-id': id, ...rest } = headers
  assert.ok(date !== undefined && id !== undefined)
  return JSON.stringify([status, Object.entries(rest).sort(), text])
}

/** The claims of a granted token, unverified. */
export function payloadOf(answer: Answer): Record<string, unknown> {
  const token = answer.json().access_token as string
  return JSON.parse(Buffer.from(token.split('.')[1] as string, 'base64url').toString())
}
