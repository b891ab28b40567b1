/**
 * Client authentication by signature (RFC 7523 §2.2, RFC 7521 §4.2), against a real server, with an
 * independent client library.
 */

import assert from 'node:assert/strict'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, describe, it } from 'node:test'
import { type CryptoKey, decodeJwt, exportJWK, generateKeyPair, importJWK } from 'jose'
import * as oauth from 'oauth4webapi'
import { privateRsaJwk, rocaPrime, rsaJwk } from '../packages/auth/src/testing/sample-weak-keys.ts'
import { adminToken } from './support/administrator.ts'
import {
  ASSERTION_ALGORITHMS,
  ASSERTION_TYPE,
  type AssertionAlgorithm,
  createKeyClient,
  type KeyClient,
  signAssertion,
  writeJson,
} from './support/key-client.ts'
import { type RunningServer, startServer } from './support/running-server.ts'

let server: RunningServer
const clients = {} as Record<AssertionAlgorithm, KeyClient>

before(async () => {
  server = await startServer()
  for (const alg of ASSERTION_ALGORITHMS) clients[alg] = await createKeyClient(server, alg)
})
after(() => server.stop())

const sign = (client: KeyClient, changed: Record<string, unknown> = {}): Promise<string> =>
  signAssertion(client, server.url, changed)

const keyFile = (name: string, content: unknown): string => writeJson(server, name, content)

function send(
  parameters: Record<string, string>,
  { path = '/oauth2/token', url = server.url, headers = {} } = {},
): Promise<Response> {
  const { audience } = server.credentials
  const body = new URLSearchParams({
    grant_type: 'client_credentials',
    audience,
    client_assertion_type: ASSERTION_TYPE,
    ...parameters,
  })
  return fetch(`${url}${path}`, { method: 'POST', body, headers })
}

describe('private_key_jwt (RFC 7523)', () => {
  it('is announced with its algorithms (RFC 8414 §2)', async () => {
    const answer = await fetch(`${server.url}/.well-known/oauth-authorization-server`)
    const metadata = (await answer.json()) as oauth.AuthorizationServer
    assert.ok(metadata.token_endpoint_auth_methods_supported?.includes('private_key_jwt'))
    const algorithms = metadata.token_endpoint_auth_signing_alg_values_supported ?? []
    assert.ok(ASSERTION_ALGORITHMS.every((alg) => algorithms.includes(alg)))
    assert.ok(!algorithms.some((alg) => alg === 'none' || alg.startsWith('HS')))
  })

  for (const alg of ASSERTION_ALGORITHMS) {
    it(`accepts a client of oauth4webapi with ${alg}`, async () => {
      const { client_id, client_secret, privateKey } = clients[alg]
      assert.equal(client_secret, null)
      const insecure = { [oauth.allowInsecureRequests]: true }
      const issuer = new URL(server.url)
      const as = await oauth
        .discoveryRequest(issuer, { algorithm: 'oauth2', ...insecure })
        .then((response) => oauth.processDiscoveryResponse(issuer, response))
      const response = await oauth.clientCredentialsGrantRequest(
        as,
        { client_id },
        oauth.PrivateKeyJwt({ key: privateKey, kid: alg }),
        { audience: server.credentials.audience },
        insecure,
      )
      const token = await oauth.processClientCredentialsResponse(as, { client_id }, response)
      assert.equal(decodeJwt(token.access_token).sub, client_id)
    })

    it(`accepts alg ${alg} by that name, in a form and in JSON, on both faces`, async () => {
      const client = clients[alg]
      for (const path of ['/oauth2/token', '/api/v1/login']) {
        assert.equal((await send({ client_assertion: await sign(client) }, { path })).status, 200)
        const answer = await fetch(`${server.url}${path}`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({
            grant_type: 'client_credentials',
            audience: server.credentials.audience,
            client_id: client.client_id,
            client_assertion_type: ASSERTION_TYPE,
            client_assertion: await sign(client),
          }),
        })
        assert.equal(answer.status, 200)
      }
    })
  }

  const LOGINS = ['/oauth2/token', '/api/v1/login', '/oauth/token'] as const

  it('§3 (3): accepts the issuer, its slash form and the endpoint as aud', async () => {
    const client = clients.ES256
    for (const path of LOGINS) {
      for (const aud of [
        server.url,
        `${server.url}/`,
        ...LOGINS.map((endpoint) => `${server.url}${endpoint}`),
        [server.url],
        [`${server.url}/oauth2/token`, server.url],
      ]) {
        const answer = await send({ client_assertion: await sign(client, { aud }) }, { path })
        assert.equal(answer.status, 200, JSON.stringify(aud))
      }
    }
  })

  it('§3 (3): accepts the URL of introspection and revocation there, and nowhere else', async () => {
    const client = clients.ES256
    const paths = ['/oauth2/introspect', '/oauth2/revoke'] as const
    const statusAt = async (path: string, aud: unknown) => {
      const client_assertion = await sign(client, { aud })
      return (await send({ client_assertion, token: 'x' }, { path })).status
    }
    for (const path of paths) {
      assert.equal(await statusAt(path, `${server.url}${path}`), 200)
      assert.equal(await statusAt(path, `${server.url}/oauth2/token`), 200)
      assert.equal(await statusAt(path, server.url), 200)
      for (const other of [...paths, ...LOGINS].filter((one) => one !== path)) {
        assert.equal(await statusAt(other, `${server.url}${path}`), 401, `${path} at ${other}`)
      }
    }
  })

  it('names the claim that is wrong, once the signature is valid', async () => {
    const client = clients.ES256
    const now = Math.floor(Date.now() / 1000)
    const used = await sign(client)
    assert.equal((await send({ client_assertion: used })).status, 200)
    const wrong: Record<string, readonly [claim: string, assertion: string]> = {
      'for another issuer': ['aud', await sign(client, { aud: 'https://other.example' })],
      'for another endpoint': ['aud', await sign(client, { aud: `${server.url}/oauth2/revoke` })],
      'for another server too': [
        'aud',
        await sign(client, { aud: [server.url, 'https://other.example/oauth2/token'] }),
      ],
      'issued by another client': ['iss', await sign(client, { iss: clients.RS256.client_id })],
      'more than an hour ahead': ['exp', await sign(client, { exp: now + 3700 })],
      'that has expired': ['exp', await sign(client, { exp: now - 5 })],
      'without exp': ['exp', await sign(client, { exp: undefined })],
      'without jti': ['jti', await sign(client, { jti: undefined })],
      'that was used before': ['jti', used],
    }
    for (const path of LOGINS) {
      const error = path === '/oauth2/token' ? 'invalid_client' : 'access_denied'
      for (const [what, [claim, client_assertion]] of Object.entries(wrong)) {
        const answer = await send({ client_assertion }, { path })
        assert.equal(answer.status, 401, what)
        assert.match(answer.headers.get('www-authenticate') ?? '', /^Basic realm="/)
        const body = (await answer.json()) as { error: string; error_description: string }
        assert.equal(body.error, error, what)
        assert.match(
          body.error_description,
          new RegExp(`: ${claim} of client_assertion must`),
          what,
        )
        assert.match(body.error_description, /^[\x20\x21\x23-\x5b\x5d-\x7e]+$/)
      }
    }
  })

  it('can be set per client to the issuer alone, and to go without jti', async () => {
    const client = await createKeyClient(server, 'ES256')
    const set = async (...options: string[]) => {
      const args = ['clients', 'update', client.client_id, ...options]
      assert.equal((await server.miot(args)).status, 0)
      // Other processes notice a change within a second.
      await new Promise((resolve) => setTimeout(resolve, 1000))
    }
    const statusOf = async (changed: Record<string, unknown>) =>
      (await send({ client_assertion: await sign(client, changed) })).status
    const aud = `${server.url}/oauth2/token`
    assert.deepEqual([await statusOf({ aud }), await statusOf({ jti: undefined })], [200, 401])
    await set('--assertion-audience', 'issuer', '--assertion-jti', 'optional')
    assert.deepEqual([await statusOf({ aud }), await statusOf({ jti: undefined })], [401, 200])
    await set('--assertion-audience', 'any')
    assert.deepEqual([await statusOf({ aud }), await statusOf({ jti: undefined })], [200, 200])
    const { stdout } = await server.miot(['clients', 'show', client.client_id, '--no-json'])
    assert.match(stdout, /assertions +aud any, jti optional/)
  })

  it('answers every assertion that its client did not sign like a wrong secret', async () => {
    const { ES256: client, RS256: other } = clients
    const none = `${btoa('{"alg":"none"}').replace(/=+$/, '')}.${(await sign(client)).split('.')[1]}.`
    const wrong = { aud: 'https://other.example', exp: 1, jti: undefined }
    const forged = {
      'without a signature': none,
      'signed by another client': await sign({ ...other, client_id: client.client_id }),
      'for an unknown client': await sign({ ...client, client_id: 'client_unknown' }),
      'for a client without keys': await sign({
        ...client,
        client_id: server.credentials.client_id,
      }),
      'with wrong claims, signed by another client': await sign(
        { ...other, client_id: client.client_id },
        wrong,
      ),
      'with wrong claims, for an unknown client': await sign(
        { ...client, client_id: 'client_unknown' },
        wrong,
      ),
      'that is no JWT': 'x',
    }
    for (const path of LOGINS) {
      const wrongSecret = await fetch(`${server.url}${path}`, {
        method: 'POST',
        body: new URLSearchParams({ ...server.credentials, client_secret: 'wrong' }),
      })
      const expected = { status: 401, body: await wrongSecret.text() }
      assert.equal(wrongSecret.status, 401)
      for (const [what, client_assertion] of Object.entries(forged)) {
        const answer = await send({ client_assertion }, { path })
        assert.deepEqual({ status: answer.status, body: await answer.text() }, expected, what)
      }
    }
  })

  it('refuses a second method, another type, half of it, and another client_id', async () => {
    const client = clients.ES256
    const client_assertion = await sign(client)
    const basic = { authorization: `Basic ${btoa(`${client.client_id}:secret`)}` }
    const bad = {
      'and a secret': send({ client_assertion, client_id: client.client_id, client_secret: 'x' }),
      'and Basic': send({ client_assertion }, { headers: basic }),
      'of another type': send({ client_assertion, client_assertion_type: 'saml' }),
      'without a type': send({ client_assertion, client_assertion_type: '' }),
      'without an assertion': send({}),
      'for another client_id': send({ client_assertion, client_id: clients.RS256.client_id }),
    }
    for (const [what, request] of Object.entries(bad)) {
      const answer = await request
      assert.equal(answer.status, 400, what)
      assert.equal(((await answer.json()) as { error: string }).error, 'invalid_request', what)
    }
    // None of these requests used it up.
    assert.equal((await send({ client_assertion })).status, 200)
  })

  it('is refused in the query', async () => {
    const client_assertion = await sign(clients.ES256)
    const answer = await send({}, { path: `/oauth2/token?client_assertion=${client_assertion}` })
    assert.equal(answer.status, 400)
  })

  it('works once, whichever of two instances it reaches, even at the same time', async () => {
    const second = await startServer({ MIOT_DATA_DIR: server.dataDir, MIOT_ISSUER: server.url })
    try {
      for (let round = 0; round < 5; round++) {
        const client_assertion = await sign(clients.EdDSA)
        const urls = [server.url, second.url, server.url, second.url]
        const answers = await Promise.all(urls.map((url) => send({ client_assertion }, { url })))
        const statuses = answers.map(({ status }) => status)
        assert.deepEqual(statuses.sort(), [200, 401, 401, 401])
      }
    } finally {
      await second.stop()
    }
  })

  it('stays used after a crash', async () => {
    const client_assertion = await sign(clients.EdDSA)
    assert.equal((await send({ client_assertion })).status, 200)
    await server.restart('SIGKILL')
    assert.equal((await send({ client_assertion })).status, 401)
  })

  it('works with a new key beside the old one, and ends with the key', async () => {
    const old = await createKeyClient(server, 'ES256')
    const { publicKey, privateKey } = await generateKeyPair('EdDSA', { extractable: true })
    const next: KeyClient = { ...old, alg: 'EdDSA', privateKey }
    const { stdout } = await server.miot(['clients', 'show', old.client_id, '--json'])
    const [{ kid, alg, jwk }] = JSON.parse(stdout).keys
    const fresh = { ...(await exportJWK(publicKey)), kid: 'EdDSA' }
    const statuses = async () => {
      const asked = [old, next].map(async (one) => send({ client_assertion: await sign(one) }))
      return (await Promise.all(asked)).map(({ status }) => status)
    }
    const register = async (keys: unknown[]) => {
      const file = keyFile('rotation', { keys })
      const { status } = await server.miot(['clients', 'update', old.client_id, '--jwks', file])
      assert.equal(status, 0)
      // Other processes notice a change within a second.
      await new Promise((resolve) => setTimeout(resolve, 1000))
    }
    assert.deepEqual(await statuses(), [200, 401])
    await register([{ ...jwk, kid, alg }, fresh])
    assert.deepEqual(await statuses(), [200, 200])
    await register([fresh])
    assert.deepEqual(await statuses(), [401, 200])
  })
})

describe('a key with the ROCA weakness (CVE-2017-15361)', () => {
  const [p, q] = [rocaPrime(1024, 2048), rocaPrime(1024, 2048)]
  const jwk = rsaJwk(p * q)

  it('is refused at registration and at a change', async () => {
    const file = keyFile('roca', { keys: [{ ...jwk, kid: 'chip' }] })
    const { client_id } = clients.RS256
    for (const args of [
      ['clients', 'create', '--name', 'x', '--jwks', file],
      ['clients', 'update', client_id, '--jwks', file],
    ]) {
      const { status, stderr } = await server.miot(args)
      assert.equal(status, 2)
      assert.match(
        stderr,
        /the key chip has the ROCA weakness \(CVE-2017-15361\); generate a new pair/,
      )
    }
  })

  it('is refused at login when it was registered before, and doctor names it', async () => {
    const client = await createKeyClient(server, 'RS256')
    const database = new DatabaseSync(join(server.dataDir, 'auth.db'))
    const [row] = database
      .prepare('SELECT document FROM clients WHERE client_id = ?')
      .all(client.client_id)
    const document = JSON.parse(row?.document as string)
    document.keys[0].jwk = jwk
    database
      .prepare('UPDATE clients SET document = ? WHERE client_id = ?')
      .run(JSON.stringify(document), client.client_id)
    database.close()
    const privateKey = (await importJWK(privateRsaJwk(p, q), 'RS256')) as CryptoKey
    for (const path of ['/oauth2/token', '/api/v1/login', '/oauth2/introspect', '/oauth2/revoke']) {
      const client_assertion = await sign({ ...client, privateKey })
      assert.equal((await send({ client_assertion, token: 'x' }, { path })).status, 401, path)
    }
    assert.match(server.output(), /"kind":"bad_assertion".*"detail":"weak key"/)
    const { stdout } = await server.miot(['doctor', '--json'])
    const { findings } = JSON.parse(stdout) as { findings: { check: string; detail: string }[] }
    const found = findings.find(({ check }) => check === 'client keys')
    assert.ok(found?.detail.startsWith(`the key RS256 of ${client.client_id} has the ROCA`))
  })
})

describe('miot clients create --jwks', () => {
  const create = (file: string) =>
    server.miot(['clients', 'create', '--name', 'x', '--jwks', file, '--no-json'])

  it('shows no secret, and the audience to sign for', async () => {
    const { publicKey } = await generateKeyPair('ES256', { extractable: true })
    const { status, stdout } = await create(keyFile('x', { keys: [await exportJWK(publicKey)] }))
    assert.equal(status, 0)
    assert.doesNotMatch(stdout, /client_secret/)
    assert.ok(stdout.includes(`with the audience ${server.url}.`))
  })

  it('refuses a set of no keys, also in the admin API, and makes no client with a secret', async () => {
    const { status, stdout, stderr } = await create(keyFile('none', { keys: [] }))
    assert.deepEqual([status, stdout], [2, ''])
    assert.match(stderr, /jwks must hold at least one key/)
    const authorization = `Bearer ${await adminToken(server)}`
    const body = JSON.stringify({
      name: 'x',
      grants: [{ audience: server.credentials.audience }],
      jwks: { keys: [] },
    })
    const headers = { authorization, 'content-type': 'application/json' }
    for (const [method, path] of [
      ['POST', '/admin/v1/clients'],
      ['PATCH', `/admin/v1/clients/${clients.RS256.client_id}`],
    ] as const) {
      const answer = await fetch(`${server.url}${path}`, { method, headers, body })
      assert.equal(answer.status, 400, path)
      assert.match(await answer.text(), /jwks/)
    }
  })

  it('refuses a private key, a file without keys, and a missing file', async () => {
    const { privateKey } = await generateKeyPair('ES256', { extractable: true })
    const jwk = await exportJWK(privateKey)
    for (const [file, message] of [
      [keyFile('private', { keys: [jwk] }), /holds private members \(d\)/],
      [keyFile('single', jwk), /must be a JWK Set/],
      [join(server.dataDir, 'missing.json'), /It cannot be read/],
    ] as const) {
      const { status, stdout, stderr } = await create(file)
      assert.equal(status, 2)
      assert.equal(stdout, '')
      assert.match(stderr, message)
      assert.ok(!stderr.includes(jwk.d as string))
    }
  })
})
