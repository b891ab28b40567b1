import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { describe, it } from 'node:test'
import { AdminError } from '../errors/admin-error.ts'
import { digestKeyId } from '../keys/digest-keys.ts'
import type { Audience } from '../records/audience.ts'
import type { Tenant } from '../records/client.ts'
import { SAMPLE_TIME, sampleClient } from '../testing/sample-client.ts'
import {
  type ClientChange,
  type ClientInput,
  newClient,
  newSecret,
  withInput,
} from './new-client.ts'
import { digestSecret, isWellFormedSecret } from './secret.ts'

const AUDIENCES: readonly Audience[] = [
  {
    audience: 'https://api.example',
    scopes: ['read', 'write'],
    token_lifetime_seconds: 3600,
    signing_alg: 'RS256',
    token_typ: 'at+jwt',
  },
  {
    audience: 'https://other.example',
    scopes: ['other'],
    token_lifetime_seconds: 60,
    signing_alg: 'ES256',
    token_typ: 'at+jwt',
  },
]
const GRANT = { audience: 'https://api.example', scopes: ['read'] }
const INPUT: ClientInput = { name: 'Truck fleet', grants: [GRANT] }
const TENANT: Tenant = { org_id: 'org_1', environment: 'production' }
const deps = { digestKey: new Uint8Array(32), now: Date.parse(SAMPLE_TIME) }

const make = (input: ClientInput = {}, audiences = AUDIENCES, tenant = TENANT) =>
  newClient({ ...INPUT, ...input }, tenant, audiences, deps)

function assertRefused(run: () => unknown, message: RegExp, what: unknown): void {
  assert.throws(
    run,
    (error) =>
      error instanceof AdminError && error.code === 'invalid_input' && message.test(error.message),
    JSON.stringify(what),
  )
}

/** Refused both in a new client and as a change of a valid one. */
function assertInvalid(input: ClientInput, message: RegExp, audiences = AUDIENCES): void {
  assertRefused(() => make(input, audiences), message, input)
  const { client } = make()
  assertRefused(
    () => withInput(client, { grants: [GRANT], ...input }, audiences, 0),
    message,
    input,
  )
}

/** A public key, as its owner sends it. */
function publicKey(): NonNullable<ClientInput['jwks']> {
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return { keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'k1', alg: 'ES256' }] }
}

describe('newClient', () => {
  it('creates an active client from the input', () => {
    const { client } = make({ name: '  Truck fleet ' })
    assert.match(client.client_id, /^client_[0-9A-Za-z]{22}$/)
    const { client_id, secrets } = client
    assert.deepEqual(client, sampleClient({ client_id, secrets, grants: [GRANT] }))
  })

  it('keeps every member of the input', () => {
    const input = {
      external_id: 'ERP-7',
      tags: ['truck', 'site:north'],
      token_lifetime_seconds: 120,
      allowlist: { mode: 'enforce', cidrs: ['203.0.113.0/24'] },
      quota: { mode: 'enforce', tokens_per_hour: 5, tokens_per_day: null },
    } as const
    const { client } = make(input)
    assert.deepEqual({ ...client, ...input }, client)
  })

  it('makes a secret for the environment, and keeps only its digest and its last four characters', () => {
    const tenant = { ...TENANT, environment: 'development' } as const
    const { client, client_secret } = make({}, AUDIENCES, tenant)
    assert.match(client_secret ?? '', /^miot_dev_/)
    assert.ok(isWellFormedSecret(client_secret ?? ''))
    const [secret, ...others] = client.secrets
    assert.deepEqual(others, [])
    assert.match(secret?.secret_id ?? '', /^secret_[0-9A-Za-z]{22}$/)
    assert.deepEqual(secret, {
      secret_id: secret?.secret_id,
      label: 'first',
      hint: client_secret?.slice(-4),
      digest: digestSecret(client_secret ?? '', deps.digestKey),
      digest_key: digestKeyId(deps.digestKey),
      created_at: client.created_at,
      expires_at: null,
    })
    assert.ok(!JSON.stringify(client).includes(client_secret ?? ''))
  })

  it('makes no secret for a client that brings its key', () => {
    const { client, client_secret } = make({ jwks: publicKey() })
    assert.equal(client_secret, null)
    assert.deepEqual(client.secrets, [])
    assert.equal(client.keys[0]?.kid, 'k1')
  })

  it('gives every client its own id and secret', () => {
    const [one, two] = [make(), make()]
    assert.notEqual(one.client.client_id, two.client.client_id)
    assert.notEqual(one.client.secrets[0]?.secret_id, two.client.secrets[0]?.secret_id)
    assert.notEqual(one.client_secret, two.client_secret)
  })

  it('has a default audience among its grants, which goes with its grant', () => {
    const [api, other] = AUDIENCES.map(({ audience }) => audience) as [string, string]
    const grants = [{ audience: api }, { audience: other }]
    const { client } = make({ grants, default_audience: other })
    assert.equal(client.default_audience, other)
    const after = (input: ClientInput) => withInput(client, input, AUDIENCES, 0).default_audience
    assert.equal(after({ name: 'x' }), other)
    assert.equal(after({ grants: [{ audience: other }] }), other)
    assert.equal(after({ grants: [{ audience: api }] }), null)
    assert.equal(after({ default_audience: api }), api)
    assert.equal(after({ default_audience: null }), null)
    assertInvalid({ default_audience: other }, /^default_audience must be/)
    assertInvalid({ default_audience: '' }, /^default_audience must be/)
  })

  it('is refused with a set of no keys, which would silently make a secret', () => {
    assertInvalid({ jwks: { keys: [] } }, /^jwks must hold at least one key$/)
  })

  it('keeps what a change of the assertion policy leaves out', () => {
    const { client } = make({ assertions: { jti: 'optional' } })
    assert.deepEqual(client.assertions, { audience: 'any', jti: 'optional' })
    const changed = withInput(client, { assertions: { audience: 'issuer' } }, AUDIENCES, 0)
    assert.deepEqual(changed.assertions, { audience: 'issuer', jti: 'optional' })
  })

  it('requires a name of 1 to 200 characters', () => {
    assert.equal(make({ name: 'x'.repeat(200) }).client.name.length, 200)
    for (const name of ['', '  \n', 'x'.repeat(201)]) assertInvalid({ name }, /^name must be/)
  })

  it('requires one of the two environments', () => {
    for (const environment of ['staging', '', 'Production']) {
      const tenant = { ...TENANT, environment: environment as 'production' }
      assertRefused(() => make({}, AUDIENCES, tenant), /development, production/, environment)
    }
  })

  it('requires a token lifetime, if any, of a minute to 30 days in whole seconds', () => {
    for (const seconds of [60, 30 * 86_400, null]) {
      const { client } = make({ token_lifetime_seconds: seconds })
      assert.equal(client.token_lifetime_seconds, seconds)
    }
    for (const seconds of [59, 30 * 86_400 + 1, 0, -60, 60.5, Number.NaN, Infinity]) {
      assertInvalid({ token_lifetime_seconds: seconds }, /from 60 to 2592000/)
    }
  })

  it('requires at least one audience, all known, and names the known ones', () => {
    assertInvalid({ grants: [] }, /at least one audience/)
    const unknown = { audience: 'https://nowhere.example', scopes: ['read'] }
    assertInvalid({ grants: [GRANT, unknown] }, /nowhere\.example; known: https:\/\/api\.example, /)
    assertInvalid({}, /known: none/, [])
  })

  it('refuses an audience that is named twice', () => {
    assertInvalid({ grants: [GRANT, { ...GRANT, scopes: ['write'] }] }, /name each audience once/)
  })

  it('requires scopes that the audience has, and removes duplicates', () => {
    assertInvalid({ grants: [{ ...GRANT, scopes: [] }] }, /at least one scope/)
    assertInvalid({ grants: [{ ...GRANT, scopes: ['read', 'other'] }] }, /no scope other; known/)
    const { client } = make({ grants: [{ ...GRANT, scopes: ['read', 'read'] }] })
    assert.deepEqual(client.grants, [GRANT])
  })

  it('grants every scope of the audience when none are named', () => {
    const { client } = make({ grants: [{ audience: GRANT.audience }] })
    assert.deepEqual(client.grants, [{ ...GRANT, scopes: ['read', 'write'] }])
  })

  it('requires an external_id, if any, of 1 to 200 visible ASCII characters', () => {
    for (const external_id of ['x', '!~', 'x'.repeat(200), null]) {
      assert.equal(make({ external_id }).client.external_id, external_id)
    }
    for (const external_id of ['', 'a b', 'é', 'a\n', 'x'.repeat(201)]) {
      assertInvalid({ external_id }, /^external_id must be/)
    }
  })

  it('accepts at most 50 tags of a plain alphabet, and removes duplicates', () => {
    const many = Array.from({ length: 50 }, (_, index) => `site:${index}`)
    assert.deepEqual(make({ tags: many }).client.tags, many)
    assert.deepEqual(make({ tags: ['b', 'a', 'b'] }).client.tags, ['b', 'a'])
    assertInvalid({ tags: [...many, 'one-more'] }, /^tags must be at most 50/)
    for (const tag of ['', 'a b', 'ä', 'a,b', 'x'.repeat(101)]) {
      assertInvalid({ tags: [tag] }, /^tags must be/)
    }
  })

  it('requires valid ranges in an allowlist, and an enforced one not to be empty', () => {
    const cidrs = ['203.0.113.0/33']
    assertInvalid({ allowlist: { mode: 'observe', cidrs } }, /203\.0\.113\.0\/33 is not/)
    assertInvalid({ allowlist: { mode: 'enforce', cidrs: [] } }, /must not be empty/)
    assertInvalid({ allowlist: { mode: 'on' as 'off', cidrs: [] } }, /^allowlist\.mode/)
  })

  it('requires quota limits of at least one token, or none', () => {
    const quota = { mode: 'enforce', tokens_per_hour: null, tokens_per_day: null } as const
    for (const bad of [0, -1, 1.5, Number.NaN]) {
      assertInvalid({ quota: { ...quota, tokens_per_hour: bad } }, /^quota bounds/)
      assertInvalid({ quota: { ...quota, tokens_per_day: bad } }, /^quota bounds/)
    }
    assertInvalid({ quota: { ...quota, mode: 'off' as 'observe' } }, /^quota\.mode/)
  })
})

describe('withInput', () => {
  const before = make({ external_id: 'ERP-7', tags: ['a'], token_lifetime_seconds: 120 }).client

  it('keeps members that are not named', () => {
    assert.deepEqual(withInput(before, {}, [], deps.now), before)
    const after = withInput(before, { tags: [] }, [], deps.now)
    assert.deepEqual(after, { ...before, tags: [] })
  })

  it('keeps a jwks_uri that was stored in a spelling that is no longer accepted', () => {
    const old = { ...make({ jwks_uri: 'https://h/x' }).client, jwks_uri: 'https://H/x' }
    const after = withInput(old, { tags: ['a'] }, AUDIENCES, 0)
    assert.deepEqual([after.jwks_uri, after.tags], ['https://H/x', ['a']])
    assertInvalid({ jwks_uri: 'https://H/x' }, /^jwks_uri must be written as https:\/\/h\/x$/)
  })

  it('removes members that are null', () => {
    const change: ClientChange = { external_id: null, token_lifetime_seconds: null }
    assert.deepEqual(withInput(before, change, [], deps.now), { ...before, ...change })
  })

  it('replaces the keys, and keeps the secrets', () => {
    const jwks = publicKey()
    const after = withInput(before, { jwks }, [], deps.now)
    assert.deepEqual(
      after.keys.map(({ kid }) => kid),
      ['k1'],
    )
    assert.deepEqual(after.secrets, before.secrets)
  })
})

describe('newSecret', () => {
  it('has its label and its end, and is returned separately', () => {
    const end = '2027-01-01T00:00:00.000Z'
    const { secret, client_secret } = newSecret('production', 'rotated', end, deps)
    assert.deepEqual([secret.label, secret.expires_at], ['rotated', end])
    assert.match(client_secret, /^miot_prod_/)
    assert.ok(!JSON.stringify(secret).includes(client_secret))
  })

  it('requires a label of at most 100 characters', () => {
    newSecret('production', 'x'.repeat(100), null, deps)
    const long = () => newSecret('production', 'x'.repeat(101), null, deps)
    assertRefused(long, /^label must be/, 101)
  })
})
