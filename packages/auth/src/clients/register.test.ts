import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Audience } from '../audiences/audience.ts'
import { InvalidInput } from '../invalid-input.ts'
import { type NewClient, registerClient } from './register.ts'
import { digestSecret, isWellFormedSecret } from './secret.ts'

const AUDIENCES: readonly Audience[] = [
  {
    audience: 'https://api.example',
    scopes: ['read', 'write'],
    token_lifetime_seconds: 3600,
    signing_alg: 'RS256',
  },
  {
    audience: 'https://other.example',
    scopes: ['other'],
    token_lifetime_seconds: 60,
    signing_alg: 'ES256',
  },
]
const GRANT = { audience: 'https://api.example', scopes: ['read'] }
const INPUT: NewClient = {
  name: 'Truck fleet',
  org_id: 'org_1',
  environment: 'production',
  grants: [GRANT],
}
const deps = { digestKey: new Uint8Array(32), now: Date.UTC(2026, 0, 2, 3, 4, 5) }

const register = (input: Partial<NewClient>, audiences = AUDIENCES) =>
  registerClient({ ...INPUT, ...input }, audiences, deps)

function assertInvalid(input: Partial<NewClient>, message: RegExp, audiences = AUDIENCES): void {
  assert.throws(
    () => register(input, audiences),
    (error) => error instanceof InvalidInput && message.test(error.message),
    JSON.stringify(input),
  )
}

describe('registerClient', () => {
  it('makes an active client of what was asked for', () => {
    const { client, grants } = register({ name: '  Truck fleet ' })
    const { client_id, ...rest } = client
    assert.match(client_id, /^client_[0-9A-Za-z]{22}$/)
    assert.deepEqual(rest, {
      name: 'Truck fleet',
      org_id: 'org_1',
      environment: 'production',
      status: 'active',
      token_lifetime_seconds: null,
      created_at: '2026-01-02T03:04:05.000Z',
    })
    assert.deepEqual(grants, [GRANT])
  })

  it('gives a secret for the environment, and keeps only its digest', () => {
    const { client_secret, ...rows } = register({ environment: 'development' })
    assert.match(client_secret, /^miot_dev_/)
    assert.ok(isWellFormedSecret(client_secret))
    assert.equal(rows.secret.digest, digestSecret(client_secret, deps.digestKey))
    assert.match(rows.secret.secret_id, /^secret_[0-9A-Za-z]{22}$/)
    assert.equal(rows.secret.created_at, rows.client.created_at)
    assert.ok(!JSON.stringify(rows).includes(client_secret))
  })

  it('gives every client an id and a secret of its own', () => {
    const [one, two] = [register({}), register({})]
    assert.notEqual(one.client.client_id, two.client.client_id)
    assert.notEqual(one.secret.secret_id, two.secret.secret_id)
    assert.notEqual(one.client_secret, two.client_secret)
  })

  it('wants a name of 1 to 200 characters', () => {
    assert.equal(register({ name: 'x'.repeat(200) }).client.name.length, 200)
    for (const name of ['', '  \n', 'x'.repeat(201)]) assertInvalid({ name }, /^name must be/)
  })

  it('wants one of the two environments', () => {
    for (const environment of ['staging', '', 'Production']) {
      assertInvalid({ environment: environment as 'production' }, /development, production/)
    }
  })

  it('wants a token lifetime, if any, of a minute to 30 days in whole seconds', () => {
    for (const seconds of [60, 30 * 86_400, null]) {
      const { client } = register({ token_lifetime_seconds: seconds })
      assert.equal(client.token_lifetime_seconds, seconds)
    }
    for (const seconds of [59, 30 * 86_400 + 1, 0, -60, 60.5, Number.NaN, Infinity]) {
      assertInvalid({ token_lifetime_seconds: seconds }, /from 60 to 2592000/)
    }
  })

  it('wants at least one audience, each of them known, and names those that are', () => {
    assertInvalid({ grants: [] }, /at least one audience/)
    const unknown = { audience: 'https://nowhere.example', scopes: ['read'] }
    assertInvalid({ grants: [GRANT, unknown] }, /nowhere\.example; known: https:\/\/api\.example, /)
    assertInvalid({}, /known: none/, [])
  })

  it('wants an audience named once', () => {
    assertInvalid(
      { grants: [GRANT, { ...GRANT, scopes: ['write'] }] },
      /the audience .*api\.example once/,
    )
  })

  it('wants scopes that the audience has, each named once', () => {
    assertInvalid({ grants: [{ ...GRANT, scopes: [] }] }, /at least one scope/)
    assertInvalid({ grants: [{ ...GRANT, scopes: ['read', 'other'] }] }, /no scope other; known/)
    assertInvalid({ grants: [{ ...GRANT, scopes: ['read', 'read'] }] }, /scope read once/)
  })
})
