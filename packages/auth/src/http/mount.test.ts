import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { createVerifier } from '@modulariot/oauth/resource-server'
import { noMetrics } from '@modulariot/platform/metrics'
import { noPeers } from '@modulariot/platform/peers'
import Fastify, { type FastifyInstance } from 'fastify'
import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from 'jose'
import { createClient } from '../admin/clients.ts'
import { systemContext } from '../admin/context.ts'
import { HygieneCounts } from '../admin/hygiene.ts'
import { createAudience, createOrganization } from '../admin/installation.ts'
import { adminAudience } from '../admin/scopes.ts'
import { createCheckpointSigner } from '../audit/checkpoint.ts'
import { ClientDirectory } from '../clients/directory.ts'
import { DEFAULT_KEY_POLICY } from '../keys/key-life.ts'
import { KeyRing } from '../keys/key-ring.ts'
import { LoginLimits } from '../limits/login-limits.ts'
import { TokenQuotas } from '../limits/token-quotas.ts'
import { createAuthMetrics } from '../metrics/auth-metrics.ts'
import { openSqliteAuthStore } from '../store/sqlite/sqlite-store.ts'
import type { AuthStore } from '../store/store.ts'
import { onlyEncryptionKey } from '../testing/sample-keys.ts'
import { RevocationFollower } from '../tokens/revocation-follower.ts'
import { UsageCounter } from '../usage/usage-counter.ts'
import { mountAuthRoutes } from './mount.ts'

const ISSUER = 'https://auth.example'
const ADMIN_AUDIENCE = adminAudience(ISSUER)
const AUDIENCE = {
  audience: 'https://api.example',
  scopes: ['write', 'read'],
  token_lifetime_seconds: 3600,
  signing_alg: 'ES256',
  token_typ: 'at+jwt',
} as const
const FACES = ['/api/v1/login', '/oauth2/token'] as const
const FORM = 'application/x-www-form-urlencoded'
const digestKey = new Uint8Array(32).fill(1)

const folder = mkdtempSync(join(tmpdir(), 'miot-'))
let store: AuthStore
let usage: UsageCounter
let app: FastifyInstance
/** A valid token request. */
let parameters: Record<string, string>

before(async () => {
  store = openSqliteAuthStore(join(folder, 'auth.db'))
  const now = Date.now
  const context = systemContext({ store, digestKey, now })
  await createAudience(AUDIENCE, context)
  const { org_id } = await createOrganization('Acme', context)
  const grants = [{ audience: AUDIENCE.audience, scopes: ['write', 'read'] }]
  const request = { name: 'Truck fleet', org_id, environment: 'production', grants } as const
  const { client, client_secret } = await createClient(request, context)
  const encryptionKeys = onlyEncryptionKey(digestKey)
  const keys = new KeyRing({ policy: DEFAULT_KEY_POLICY, store, encryptionKeys, now })
  await keys.load(['ES256'])
  usage = new UsageCounter({ store, onError: (error) => assert.fail(String(error)) })
  const deps = {
    issuer: ISSUER,
    store,
    refusals: { record: () => {} },
    hygiene: new HygieneCounts(),
    peers: noPeers(),
    ...{ sessions: null, people: null, mailer: null, mailLimits: null, apiAudience: null },
    directory: new ClientDirectory(store),
    remoteKeys: { find: () => assert.fail('no client publishes its keys') },
    digestKeys: encryptionKeys,
    secretMover: { move: () => assert.fail('its key is not being changed') },
    keys,
    now,
    limits: new LoginLimits({ now }),
    quotas: new TokenQuotas({ store, onExceeded: assert.fail }),
    usage,
    metrics: createAuthMetrics(noMetrics),
    verifier: createVerifier({ issuer: ISSUER, audience: ADMIN_AUDIENCE, keys, now }),
    feedVerifier: createVerifier({ issuer: ISSUER, audience: 'feed', keys, now }),
    jwksMaxAgeSeconds: 300,
    ownVerifier: createVerifier({ issuer: ISSUER, audience: null, keys, now }),
    gatewayVerifier: createVerifier({ issuer: ISSUER, audience: null, keys, now }),
    revocations: new RevocationFollower({
      store,
      now,
      onError: (error) => assert.fail(String(error)),
    }),
    build: { version: '0.0.0', commit: null },
    keyPolicy: DEFAULT_KEY_POLICY,
    retention: { activityDays: 30, trailDays: null, telemetry: null },
    checkpointSigner: await createCheckpointSigner(new Uint8Array(32), ISSUER),
  }
  app = Fastify()
  await app.register((scope) => mountAuthRoutes(scope, deps))
  parameters = {
    grant_type: 'client_credentials',
    client_id: client.client_id,
    client_secret: client_secret ?? assert.fail('no secret'),
    audience: AUDIENCE.audience,
  }
})

after(async () => {
  await app.close()
  await usage.close()
  await store.close()
  rmSync(folder, { recursive: true })
})

interface Sent {
  readonly url?: string
  readonly type?: string | undefined
  readonly body?: string | Buffer
  readonly headers?: Record<string, string>
}

function post({ url = FACES[0], type, body, headers = {} }: Sent) {
  const typed = type === undefined ? headers : { ...headers, 'content-type': type }
  return app.inject({ method: 'POST', url, headers: typed, ...(body !== undefined && { body }) })
}

const form = (change: Record<string, string> = {}): string =>
  new URLSearchParams({ ...parameters, ...change }).toString()

describe('a login', () => {
  for (const url of FACES) {
    it(`at ${url} takes a form and JSON, and answers a token that verifies`, async () => {
      for (const [type, body] of [
        [FORM, form()],
        ['application/json', JSON.stringify(parameters)],
      ] as const) {
        const response = await post({ url, type, body })
        assert.equal(response.statusCode, 200, response.body)
        assert.equal(response.headers['cache-control'], 'no-store')
        const { access_token, token_type, expires_in, scope } = response.json()
        assert.deepEqual([token_type, expires_in, scope], ['Bearer', 3600, 'write read'])
        const jwks = (await app.inject('/.well-known/jwks.json')).json<JSONWebKeySet>()
        const { payload } = await jwtVerify(access_token, createLocalJWKSet(jwks), {
          issuer: ISSUER,
          audience: AUDIENCE.audience,
          typ: 'at+jwt',
        })
        assert.equal(payload.client_id, parameters.client_id)
      }
    })
  }

  it('accepts HTTP Basic', async () => {
    const { client_id, client_secret, ...rest } = parameters
    const authorization = `Basic ${btoa(`${client_id}:${client_secret}`)}`
    const body = new URLSearchParams(rest).toString()
    const response = await post({ type: FORM, body, headers: { authorization } })
    assert.equal(response.statusCode, 200, response.body)
  })

  it('words a refusal for its face', async () => {
    const body = form({ client_id: 'client_nobody' })
    const documented = await post({ url: FACES[0], type: FORM, body })
    assert.equal(documented.statusCode, 401)
    assert.equal(documented.body, '{"error":"access_denied","error_description":"Unauthorized"}')
    const standard = await post({ url: FACES[1], type: FORM, body })
    assert.equal(standard.statusCode, 401)
    assert.equal(standard.json().error, 'invalid_client')
  })

  it('refuses credentials and known parameters in the query', async () => {
    for (const query of ['client_secret=x', 'a=b&audience=x', 'client%5Fsecret=x']) {
      const response = await post({ url: `${FACES[0]}?${query}`, type: FORM, body: form() })
      assert.equal(response.statusCode, 400, query)
      assert.match(response.json().error_description, /in the body, not in the query/)
    }
    const traced = await post({ url: `${FACES[0]}?trace=1`, type: FORM, body: form() })
    assert.equal(traced.statusCode, 200)
  })
})

describe('the body of a login', () => {
  it('may have a content type in other letters and with a charset', async () => {
    for (const type of [`${FORM}; charset=UTF-8`, FORM.toUpperCase(), `${FORM};charset=utf-8`]) {
      assert.equal((await post({ type, body: form() })).statusCode, 200, type)
    }
    for (const type of ['application/json; charset=utf-8', 'Application/JSON']) {
      const body = JSON.stringify(parameters)
      assert.equal((await post({ type, body })).statusCode, 200, type)
    }
  })

  it('of any other type is 415 on both faces, with the accepted types', async () => {
    for (const url of FACES) {
      for (const type of [
        'text/plain',
        'text/json',
        'application/jsonp',
        'application/json-patch+json',
        'application/vnd.api+json',
        'application/xml',
        'multipart/form-data; boundary=x',
        'application/octet-stream',
        '*/*',
        'json',
      ]) {
        const response = await post({ url, type, body: JSON.stringify(parameters) })
        assert.equal(response.statusCode, 415, type)
        assert.equal(response.json().error, 'invalid_request')
        assert.match(
          response.json().error_description,
          /x-www-form-urlencoded or application\/json/,
        )
      }
    }
  })

  it('without a type is 415', async () => {
    assert.equal((await post({ body: Buffer.from(form()) })).statusCode, 415)
  })

  it('that is missing or empty gets an error that says so', async () => {
    for (const sent of [{}, { type: FORM }, { type: FORM, body: '' }]) {
      const response = await post(sent)
      assert.equal(response.statusCode, 400)
      assert.equal(response.json().error, 'invalid_request')
      const description = response.json().error_description
      const { audience, ...required } = parameters
      for (const name of Object.keys(required)) assert.match(description, new RegExp(name))
    }
  })

  it('is at most 16 KiB', async () => {
    const fill = (bytes: number): string => `${form()}&x=`.padEnd(bytes, 'x')
    const fits = await post({ type: FORM, body: fill(16 * 1024) })
    assert.doesNotMatch(fits.body, /16 KiB/)
    const response = await post({ type: FORM, body: fill(16 * 1024 + 1) })
    assert.equal(response.statusCode, 413)
    const error_description = 'The body is larger than 16 KiB'
    assert.deepEqual(response.json(), { error: 'invalid_request', error_description })
  })

  it('nests at most 32 levels, even in members that are not read', async () => {
    const nested = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels)
    const body = (levels: number): string =>
      `${JSON.stringify(parameters).slice(0, -1)},"own":${nested(levels)}}`
    assert.equal((await post({ type: 'application/json', body: body(31) })).statusCode, 200)
    const response = await post({ type: 'application/json', body: body(32) })
    assert.equal(response.statusCode, 400)
    assert.match(response.json().error_description, /deeper than 32 levels/)
  })

  it('that does not parse is 400, and the next request is not affected', async () => {
    for (const [type, body] of [
      ['application/json', '{"client_secret":"hunter2'],
      ['application/json', ''],
      ['application/json', '[]'],
      ['application/json', Buffer.from('7b2261223a22ff227d', 'hex')],
      [FORM, Buffer.from('ff', 'hex')],
      [FORM, `${form()}&client_id=again`],
    ] as const) {
      const response = await post({ type, body })
      assert.equal(response.statusCode, 400, String(body))
      assert.equal(response.json().error, 'invalid_request')
      assert.ok(!response.body.includes('hunter2'))
    }
    assert.equal((await post({ type: FORM, body: form() })).statusCode, 200)
  })
})

describe('the other endpoints', () => {
  it('publish the metadata at both well-known addresses, for five minutes', async () => {
    for (const name of ['oauth-authorization-server', 'openid-configuration']) {
      const response = await app.inject(`/.well-known/${name}`)
      assert.equal(response.headers['cache-control'], 'public, max-age=300')
      const { issuer, scopes_supported } = response.json()
      assert.equal(issuer, ISSUER)
      assert.deepEqual(scopes_supported, ['read', 'write'])
    }
  })

  it('publish the verifying keys without a private member', async () => {
    const response = await app.inject('/.well-known/jwks.json')
    assert.equal(response.headers['cache-control'], 'public, max-age=300')
    assert.equal(response.json().keys.length, 1)
    assert.equal(response.json().keys[0].d, undefined)
  })

  it('ignore cookies where persons do not sign in', async () => {
    const headers = {
      cookie: 'miot_session=x; __Host-miot_session=x',
      'sec-fetch-site': 'cross-site',
    }
    const response = await app.inject({ url: '/admin/v1/clients', headers })
    assert.equal(response.statusCode, 401)
    assert.equal(response.json().type, 'urn:modulariot:problem:invalid_token')
  })

  it('refuse the wrong method with 405 and Allow, never to be cached', async () => {
    for (const [method, url, allow] of [
      ['GET', FACES[0], 'POST'],
      ['GET', FACES[1], 'POST'],
      ['DELETE', '/.well-known/jwks.json', 'GET, HEAD'],
    ] as const) {
      const response = await app.inject({ method, url })
      assert.equal(response.statusCode, 405)
      assert.equal(response.headers.allow, allow)
      assert.equal(response.headers['cache-control'], 'no-store')
      assert.equal(response.json().error, 'invalid_request')
    }
  })
})
