import assert from 'node:assert/strict'
import { createHmac, generatePrimeSync, randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, before, beforeEach, describe, it } from 'node:test'
import {
  CLIENT_ASSERTION_TYPE,
  OAuthError,
  parseClientCredentials,
  type Refusal,
  SIGNING_ALGORITHMS,
  type SigningAlgorithm,
} from '@modulariot/oauth/protocol'
import { StoreUnavailable } from '@modulariot/platform/storage'
import {
  type CryptoKey,
  exportJWK,
  exportSPKI,
  generateKeyPair,
  importJWK,
  type JWK,
  SignJWT,
} from 'jose'
import type { ClientRecord, LoginClient } from '../records/client.ts'
import type { AssertionStore } from '../store/ports/assertions.ts'
import { openSqliteAuthStore } from '../store/sqlite/sqlite-store.ts'
import type { AuthStore } from '../store/store.ts'
import { fleetLookup } from '../testing/fleet-lookup.ts'
import { sampleRecord } from '../testing/sample-client.ts'
import { onlyDigestKey } from '../testing/sample-keys.ts'
import { nextPrime, privateRsaJwk, rocaPrime, rsaJwk } from '../testing/sample-weak-keys.ts'
import { assertionAudiences } from './assertion.ts'
import { authenticateClient, proofOf } from './authenticate.ts'
import { clientKeysOf } from './client-key.ts'
import { ClientDirectory } from './directory.ts'
import type { RemoteClientKeys } from './remote-keys.ts'

const ISSUER = 'https://auth.example'
const NOW = Date.parse('2026-05-01T12:00:00Z')
const NOW_S = NOW / 1000

interface Pair {
  readonly privateKey: CryptoKey
  readonly publicKey: CryptoKey
  readonly jwk: JWK
}

const pairs = {} as Record<SigningAlgorithm, Pair>
let stranger: Pair
let folder: string
let store: AuthStore
let clients: Map<string, ClientRecord>
let statements: readonly unknown[]

async function makePair(alg: SigningAlgorithm): Promise<Pair> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true })
  return { privateKey, publicKey, jwk: { ...(await exportJWK(publicKey)), alg } }
}

function record(client_id: string, keys: readonly JWK[]): ClientRecord {
  const stored = keys.length === 0 ? [] : clientKeysOf({ keys }, [], NOW)
  return sampleRecord({ client_id, keys: stored })
}

function deps(over: { store?: AssertionStore; remoteKeys?: Pick<RemoteClientKeys, 'find'> } = {}) {
  const lookup = fleetLookup(async (client_id) => clients.get(client_id) ?? null)
  statements = lookup.statements
  const directory = new ClientDirectory(lookup)
  const audiences = assertionAudiences(ISSUER, [
    `${ISSUER}/oauth2/token`,
    `${ISSUER}/oauth2/revoke`,
  ])
  const remoteKeys = over.remoteKeys ?? { find: () => assert.fail('no client publishes its keys') }
  return { directory, remoteKeys, store: over.store ?? store, assertionAudiences: audiences }
}

type Claims = Record<string, unknown>

/** A valid assertion, except for the changes; undefined leaves a claim out. */
function sign(
  changed: Claims = {},
  header: Record<string, unknown> = {},
  key: CryptoKey = pairs.ES256.privateKey,
): Promise<string> {
  const claims = {
    iss: 'client_a',
    sub: 'client_a',
    aud: ISSUER,
    iat: NOW_S,
    exp: NOW_S + 60,
    jti: randomUUID(),
    ...changed,
  }
  return new SignJWT(claims as never)
    .setProtectedHeader({ alg: 'ES256', kid: 'a-ES256', ...header } as never)
    .sign(key)
}

async function authenticate(client_assertion: string, using = deps()): Promise<LoginClient> {
  const parameters = { client_assertion, client_assertion_type: CLIENT_ASSERTION_TYPE }
  const credentials = parseClientCredentials(new Map(Object.entries(parameters)), undefined)
  assert.ok('method' in credentials)
  const { client, secret } = await authenticateClient(
    proofOf(credentials, onlyDigestKey(new Uint8Array(32))),
    NOW,
    using,
  )
  assert.equal(secret, null)
  return client
}

async function refusalOf(attempt: () => Promise<unknown>): Promise<Refusal> {
  try {
    await attempt()
  } catch (error) {
    if (!(error instanceof OAuthError)) throw error
    // The response is the same for every reason, and the same as for a wrong secret, unless the
    // signature was valid and only a claim was wrong.
    const { error: code, error_description, status, reason } = error
    assert.deepEqual({ code, status }, { code: 'invalid_client', status: 401 })
    const failed = 'Client authentication failed'
    if (reason.kind !== 'bad_assertion_claim') assert.equal(error_description, failed)
    else {
      const { claim, rule } = reason
      assert.equal(error_description, `${failed}: ${claim} of client_assertion ${rule}`)
    }
    return reason
  }
  throw new Error('was let in')
}

async function refusesWith(detail: string, assertion: string): Promise<void> {
  const reason = await refusalOf(() => authenticate(assertion))
  assert.deepEqual(reason, { kind: 'bad_assertion', client_id: 'client_a', detail })
}

async function refusesClaim(claim: string, assertion: string): Promise<void> {
  const reason = await refusalOf(() => authenticate(assertion))
  assert.ok(reason.kind === 'bad_assertion_claim', reason.kind)
  assert.deepEqual([reason.client_id, reason.claim], ['client_a', claim])
}

before(async () => {
  for (const alg of SIGNING_ALGORITHMS) pairs[alg] = await makePair(alg)
  stranger = await makePair('ES256')
})
beforeEach(() => {
  const own = SIGNING_ALGORITHMS.map((alg) => ({ ...pairs[alg].jwk, kid: `a-${alg}` }))
  clients = new Map([
    ['client_a', record('client_a', own)],
    ['client_b', record('client_b', [{ ...stranger.jwk, kid: 'b' }])],
    ['client_none', record('client_none', [])],
  ])
  folder = mkdtempSync(join(tmpdir(), 'miot-assertion-'))
  store = openSqliteAuthStore(join(folder, 'auth.db'))
})
afterEach(async () => {
  await store.close()
  rmSync(folder, { recursive: true, force: true })
})

describe('private_key_jwt: the signature', () => {
  it('is refused when another client made it', async () => {
    await refusesWith('signature', await sign({}, {}, stranger.privateKey))
  })

  it('does not accept another client’s kid', async () => {
    await refusesWith('no such key', await sign({}, { kid: 'b' }, stranger.privateKey))
  })

  it('does not accept HS256 over the public key, in any encoding of it', async () => {
    const { publicKey, jwk } = pairs.RS256
    for (const secret of [await exportSPKI(publicKey), JSON.stringify(jwk), jwk.n as string]) {
      const [, payload] = (await sign()).split('.')
      const header = btoa(JSON.stringify({ alg: 'HS256', kid: 'a-RS256' })).replace(/=+$/, '')
      const mac = createHmac('sha256', secret).update(`${header}.${payload}`).digest('base64url')
      const reason = await refusalOf(async () => authenticate(`${header}.${payload}.${mac}`))
      assert.deepEqual(reason, { kind: 'malformed_assertion', detail: 'algorithm not allowed' })
    }
  })

  it('does not let the sender choose the algorithm of a key', async () => {
    const { privateKey } = pairs.RS256
    await refusesWith('no such key', await sign({}, { alg: 'RS256', kid: 'a-PS256' }, privateKey))
  })

  it('does not accept a payload that was changed after signing', async () => {
    const [header, , signature] = (await sign()).split('.')
    const [, payload] = (await sign({ exp: NOW_S + 200 })).split('.')
    await refusesWith('signature', `${header}.${payload}.${signature}`)
  })

  it('does not guess among several keys, and needs no kid for a single one', async () => {
    const second = await makePair('ES256')
    const keys = [pairs.ES256.jwk, pairs.RS256.jwk]
    clients.set('client_a', record('client_a', keys))
    assert.equal((await authenticate(await sign({}, { kid: undefined }))).client_id, 'client_a')
    clients.set('client_a', record('client_a', [...keys, second.jwk]))
    await refusesWith('no such key', await sign({}, { kid: undefined }))
  })

  it('is refused when the key can be factored, even if registered before such keys were refused', async () => {
    const p = generatePrimeSync(1024, { bigint: true })
    for (const [one, other] of [
      [p, nextPrime(p + 2n)],
      [rocaPrime(1024, 2048), rocaPrime(1024, 2048)],
    ] as const) {
      const stored = {
        kid: 'weak',
        alg: 'RS256',
        jwk: rsaJwk(one * other),
        created_at: '',
      } as const
      clients.set('client_a', sampleRecord({ client_id: 'client_a', keys: [stored] }))
      const key = (await importJWK(privateRsaJwk(one, other), 'RS256')) as CryptoKey
      const using = deps()
      // The second time, the result is cached.
      for (let times = 0; times < 2; times++) {
        const assertion = await sign({}, { alg: 'RS256', kid: 'weak' }, key)
        const reason = await refusalOf(() => authenticate(assertion, using))
        assert.deepEqual(reason, {
          kind: 'bad_assertion',
          client_id: 'client_a',
          detail: 'weak key',
        })
      }
    }
  })

  for (const alg of SIGNING_ALGORITHMS) {
    it(`takes ${alg}`, async () => {
      const assertion = await sign({}, { alg, kid: `a-${alg}` }, pairs[alg].privateKey)
      assert.equal((await authenticate(assertion)).client_id, 'client_a')
    })
  }

  it('accepts EdDSA under its newer name, Ed25519', async () => {
    const header = { alg: 'Ed25519', kid: 'a-EdDSA' }
    const assertion = await sign({}, header, pairs.EdDSA.privateKey)
    assert.equal((await authenticate(assertion)).client_id, 'client_a')
  })

  it('accepts both keys of a rotation', async () => {
    const next = await makePair('ES256')
    const keys = [
      { ...pairs.ES256.jwk, kid: 'old' },
      { ...next.jwk, kid: 'new' },
    ]
    clients.set('client_a', record('client_a', keys))
    await authenticate(await sign({}, { kid: 'old' }))
    await authenticate(await sign({}, { kid: 'new' }, next.privateKey))
  })
})

describe('private_key_jwt: the claims', () => {
  const wrong: Record<string, readonly [claim: string, Claims]> = {
    'the audience of another issuer': ['aud', { aud: 'https://other.example' }],
    'another endpoint as audience': ['aud', { aud: `${ISSUER}/oauth2/introspect` }],
    'an endpoint of another server': ['aud', { aud: 'https://other.example/oauth2/token' }],
    'the issuer in another case': ['aud', { aud: ISSUER.toUpperCase() }],
    'two slashes': ['aud', { aud: `${ISSUER}//` }],
    'an endpoint with a slash': ['aud', { aud: `${ISSUER}/oauth2/token/` }],
    'an endpoint with a query': ['aud', { aud: `${ISSUER}/oauth2/token?x` }],
    'both in one text': ['aud', { aud: `${ISSUER} https://other.example` }],
    'an object that contains the issuer': ['aud', { aud: { 0: ISSUER, length: 1 } }],
    'a list in a list': ['aud', { aud: [[ISSUER]] }],
    'a stranger first': ['aud', { aud: ['https://other.example', `${ISSUER}/oauth2/token`] }],
    'a stranger among ours': [
      'aud',
      { aud: [ISSUER, `${ISSUER}/oauth2/token`, 'https://other.example'] },
    ],
    'a member that is no text': ['aud', { aud: [ISSUER, null] }],
    'a second audience': ['aud', { aud: [ISSUER, 'https://other.example'] }],
    'no audience': ['aud', { aud: undefined }],
    'an empty audience': ['aud', { aud: [] }],
    'another issuer than the subject': ['iss', { iss: 'client_b' }],
    'no issuer': ['iss', { iss: undefined }],
    'an end more than an hour ahead': ['exp', { exp: NOW_S + 3631 }],
    'an end that is infinite': ['exp', { exp: 1e308 }],
    'an end now': ['exp', { exp: NOW_S }],
    'an end in the past': ['exp', { exp: NOW_S - 1 }],
    'no end': ['exp', { exp: undefined }],
    'an end in words': ['exp', { exp: `${NOW_S + 60}` }],
    'a beginning to come': ['nbf', { nbf: NOW_S + 120 }],
    'an issue to come': ['iat', { iat: NOW_S + 120 }],
    'an issue that is no time': ['iat', { iat: null }],
    'no jti': ['jti', { jti: undefined }],
    'an empty jti': ['jti', { jti: '' }],
    'a jti that is a number': ['jti', { jti: 7 }],
    'a jti without end': ['jti', { jti: 'x'.repeat(256) }],
  }
  for (const [what, [claim, claims]] of Object.entries(wrong)) {
    it(`is refused with ${what}`, async () => refusesClaim(claim, await sign(claims)))
  }

  for (const [what, claims] of Object.entries({
    'the issuer in a list': { aud: [ISSUER] },
    'the URL of the endpoint': { aud: `${ISSUER}/oauth2/token` },
    'the issuer with a slash': { aud: `${ISSUER}/` },
    'a list of nothing but ours': { aud: [`${ISSUER}/`, ISSUER, `${ISSUER}/oauth2/revoke`] },
    'an end an hour ahead': { exp: NOW_S + 3600 },
    'a clock a little ahead': { iat: NOW_S + 10, nbf: NOW_S + 10, exp: NOW_S + 3610 },
    'no iat': { iat: undefined },
    'a fraction of a second': { exp: NOW_S + 59.5 },
  })) {
    it(`is taken with ${what}`, async () => {
      assert.equal((await authenticate(await sign(claims))).client_id, 'client_a')
    })
  }
})

describe('private_key_jwt: a client of its own policy', () => {
  const setPolicy = (assertions: Partial<ClientRecord['assertions']>): void => {
    const client = clients.get('client_a') as ClientRecord
    clients.set('client_a', { ...client, assertions: { ...client.assertions, ...assertions } })
  }

  it('may name the issuer alone, if it is set so', async () => {
    setPolicy({ audience: 'issuer' })
    for (const aud of [ISSUER, [ISSUER]]) await authenticate(await sign({ aud }))
    const endpoint = `${ISSUER}/oauth2/token`
    for (const aud of [`${ISSUER}/`, endpoint, [endpoint], [ISSUER, endpoint], []]) {
      await refusesClaim('aud', await sign({ aud }))
    }
  })

  it('may leave out the jti, if it is set so, and can then use the assertion until its exp', async () => {
    setPolicy({ jti: 'optional' })
    const assertion = await sign({ jti: undefined })
    for (let times = 0; times < 2; times++) await authenticate(assertion)
    await refusesClaim('exp', await sign({ jti: undefined, exp: NOW_S }))
  })

  it('has a jti that it does send checked as any other', async () => {
    setPolicy({ jti: 'optional' })
    const assertion = await sign()
    await authenticate(assertion)
    await refusesClaim('jti', assertion)
    for (const jti of ['', 7, null, 'x'.repeat(256)]) {
      await refusesClaim('jti', await sign({ jti }))
    }
  })
})

describe('private_key_jwt: used once', () => {
  it('is refused the second time', async () => {
    const assertion = await sign()
    await authenticate(assertion)
    await refusesClaim('jti', assertion)
  })

  it('lets exactly one of many concurrent uses through', async () => {
    const assertion = await sign()
    const using = deps()
    const outcomes = await Promise.allSettled(
      Array.from({ length: 20 }, () => authenticate(assertion, using)),
    )
    assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1)
  })

  it('is refused by another instance, and after a restart', async () => {
    const assertion = await sign()
    await authenticate(assertion)
    const other = openSqliteAuthStore(join(folder, 'auth.db'))
    try {
      const reason = await refusalOf(() => authenticate(assertion, deps({ store: other })))
      assert.equal(reason.kind, 'bad_assertion_claim')
    } finally {
      await other.close()
    }
  })

  it('does not block the same jti for other clients', async () => {
    await authenticate(await sign({ jti: 'same' }))
    const claims = { iss: 'client_b', sub: 'client_b', jti: 'same' }
    await authenticate(await sign(claims, { kid: 'b' }, stranger.privateKey))
  })

  it('stores nothing for a refused assertion', async () => {
    const jti = randomUUID()
    await refusesWith('signature', await sign({ jti }, {}, stranger.privateKey))
    await refusesClaim('aud', await sign({ jti, aud: 'https://other.example' }))
    await authenticate(await sign({ jti }))
  })

  it('is not accepted while the store cannot tell whether it was used', async () => {
    const down = { useAssertion: () => Promise.reject(new StoreUnavailable('down')) }
    const assertion = await sign()
    await assert.rejects(authenticate(assertion, deps({ store: down })), StoreUnavailable)
  })
})

describe('private_key_jwt: no oracle', () => {
  it('names no claim before the signature is valid, for any client', async () => {
    for (const sub of ['client_a', 'client_unknown', 'client_none']) {
      const claims = { iss: sub, sub, aud: 'https://other.example', exp: 1, jti: undefined }
      for (const header of [{}, { kid: 'b' }]) {
        const forged = await sign(claims, header, stranger.privateKey)
        const { kind } = await refusalOf(() => authenticate(forged))
        assert.ok(kind === 'bad_assertion' || kind === 'unknown_client', kind)
      }
    }
  })

  it('answers the same for clients that are unknown, without keys, or disabled', async () => {
    const { privateKey } = stranger
    const asClient = (sub: string) => sign({ iss: sub, sub }, { kid: 'b' }, privateKey)
    const kinds = async (sub: string) => {
      const assertion = await asClient(sub)
      return (await refusalOf(() => authenticate(assertion))).kind
    }
    clients.set('client_b', { ...(clients.get('client_b') as ClientRecord), status: 'disabled' })
    assert.equal(await kinds('client_unknown'), 'unknown_client')
    assert.equal(await kinds('client_none'), 'bad_assertion')
    assert.equal(await kinds('client_b'), 'client_disabled')
  })

  it('costs one statement whether the client is cached, unknown or wrong', async () => {
    const using = deps()
    await authenticate(await sign(), using)
    for (const claims of [{}, { iss: 'client_unknown', sub: 'client_unknown' }]) {
      const before = statements.length
      const forged = await sign(claims, {}, stranger.privateKey)
      await refusalOf(() => authenticate(forged, using))
      assert.equal(statements.length, before + 1)
    }
  })

  it('accepts a key the directory does not know yet', async () => {
    const using = deps()
    await authenticate(await sign(), using)
    clients.set('client_a', record('client_a', [{ ...stranger.jwk, kid: 'fresh' }]))
    await authenticate(await sign({}, { kid: 'fresh' }, stranger.privateKey), using)
  })
})

describe('a client that publishes its keys', () => {
  const client_id = 'client_published'
  const jwks_uri = 'https://keys.example/jwks'
  const claims = { iss: client_id, sub: client_id }
  const header = { kid: 'published' }

  beforeEach(() => {
    clients.set(client_id, sampleRecord({ client_id, keys: [], jwks_uri }))
  })

  it('is proven by the key that its URL has under the kid', async () => {
    const asked: unknown[] = []
    const find = async (...named: unknown[]) => {
      asked.push(named)
      return pairs.ES256.publicKey
    }
    const client = await authenticate(await sign(claims, header), deps({ remoteKeys: { find } }))
    assert.equal(client.client_id, client_id)
    assert.deepEqual(asked, [[jwks_uri, { kid: 'published', alg: 'ES256' }]])
  })

  it('is not proven without a kid, by another key, or where there is none', async () => {
    const other = { find: async () => pairs.EdDSA.publicKey }
    const none = { find: async () => null }
    for (const [named, remoteKeys, detail] of [
      [{ kid: undefined }, other, 'no such key'],
      [header, other, 'signature'],
      [header, none, 'no such key'],
    ] as const) {
      const assertion = await sign(claims, named)
      const refusal = await refusalOf(() => authenticate(assertion, deps({ remoteKeys })))
      assert.deepEqual(refusal, { kind: 'bad_assertion', client_id, detail })
    }
  })

  it('is not refused, but cannot be served, while its keys cannot be fetched', async () => {
    const unavailable = { status: 503, error: 'temporarily_unavailable' }
    const find = () => Promise.reject(Object.assign(new Error(), unavailable))
    const assertion = await sign(claims, header)
    await assert.rejects(authenticate(assertion, deps({ remoteKeys: { find } })), unavailable)
  })
})
