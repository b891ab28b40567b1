/**
 * `GET /oauth2/verify`, the check for gateways: what it accepts it describes in headers, and
 * whatever else it is sent, the status is not 2xx.
 */

import assert from 'node:assert/strict'
import { request } from 'node:http'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Answer, type Connection, openConnection } from './support/connection.ts'
import { FORGERIES, type Genuine } from './support/forged-tokens.ts'
import { type Credentials, type RunningServer, startServer } from './support/running-server.ts'
import { revoke } from './support/token-management.ts'
import { accessToken, createClient } from './support/token-requests.ts'

const AUDIENCE = 'https://fleet.example/v1'
const PROXY = '127.0.0.9'

let server: RunningServer
let connection: Connection
let client: Credentials
let token: string
let genuine: Genuine

before(async () => {
  server = await startServer({ MIOT_TRUSTED_PROXIES: PROXY })
  connection = openConnection(server.url)
  const scopes = ['--scope', 'fleet:read', '--scope', 'fleet:write']
  const made = await server.miot(['audiences', 'create', AUDIENCE, ...scopes])
  assert.equal(made.status, 0, made.stderr)
  client = await createClient(server, '--audience', AUDIENCE)
  token = await accessToken(connection, client)
  const jwks = await connection.send({ method: 'GET', path: '/.well-known/jwks.json' })
  genuine = { token, jwk: (jwks.json().keys as Genuine['jwk'][])[0] as Genuine['jwk'] }
})
after(async () => {
  connection.close()
  await server.stop()
})

const query = (parameters: Record<string, string>): string =>
  new URLSearchParams(parameters).toString()

function verify(
  bearer: string | null,
  search: string = query({ audience: AUDIENCE, scope: 'fleet:read' }),
  headers: Record<string, string> = {},
): Promise<Answer> {
  const authorization = bearer === null ? {} : { authorization: `Bearer ${bearer}` }
  const path = `/oauth2/verify${search === '' ? '' : `?${search}`}`
  return connection.send({ method: 'GET', path, headers: { ...authorization, ...headers } })
}

/** From another address of this machine. */
function verifyFrom(localAddress: string, bearer: string, forwarded?: string): Promise<number> {
  const { port } = new URL(server.url)
  const headers = {
    authorization: `Bearer ${bearer}`,
    ...(forwarded !== undefined && { 'x-forwarded-for': forwarded }),
  }
  const path = `/oauth2/verify?${query({ audience: AUDIENCE })}`
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, localAddress, path, headers }, (response) => {
      response.resume().on('end', () => resolve(response.statusCode ?? 0))
    })
    sent.on('error', reject).end()
  })
}

describe('GET /oauth2/verify', () => {
  it('answers 200 without a body for a valid token, with its claims in headers', async () => {
    const answer = await verify(token)
    assert.equal(answer.status, 200, answer.text)
    assert.equal(answer.text, '')
    assert.equal(answer.headers['cache-control'], 'no-store')
    const { client_id, org_id, environment, scope, sub } = JSON.parse(
      Buffer.from(token.split('.')[1] as string, 'base64url').toString(),
    )
    const { headers } = answer
    assert.equal(headers['x-auth-client-id'], client_id)
    assert.equal(headers['x-auth-subject'], sub)
    assert.equal(headers['x-auth-org-id'], org_id)
    assert.equal(headers['x-auth-environment'], environment)
    assert.equal(headers['x-auth-scope'], scope)
  })

  it('answers HEAD alike', async () => {
    const path = `/oauth2/verify?${query({ audience: AUDIENCE })}`
    const headers = { authorization: `Bearer ${token}` }
    const answer = await connection.send({ method: 'HEAD', path, headers })
    assert.equal(answer.status, 200)
    assert.equal(answer.headers['x-auth-client-id'], client.client_id)
    const refused = await connection.send({ method: 'HEAD', path })
    assert.equal(refused.status, 401)
  })

  it('ignores and never returns X-Auth headers that were sent', async () => {
    const sent = { 'x-auth-client-id': 'admin', 'x-auth-scope': 'everything' }
    const answer = await verify(token, query({ audience: AUDIENCE }), sent)
    assert.equal(answer.headers['x-auth-client-id'], client.client_id)
    const refused = await verify(null, query({ audience: AUDIENCE }), sent)
    assert.equal(refused.status, 401)
    assert.equal(refused.headers['x-auth-client-id'], undefined)
  })

  it('names the environment of the token, whatever the caller sends', async () => {
    const other = await createClient(server, '--audience', AUDIENCE, '--environment', 'production')
    const production = await accessToken(connection, other)
    for (const [bearer, environment, sent] of [
      [token, 'development', 'production'],
      [production, 'production', 'development'],
    ] as const) {
      const answer = await verify(bearer, undefined, { 'x-auth-environment': sent })
      assert.equal(answer.status, 200, answer.text)
      assert.equal(answer.headers['x-auth-environment'], environment)
    }
    const wanted = query({ audience: AUDIENCE, environment: 'production' })
    assert.equal((await verify(token, wanted)).status, 400, 'the gateway compares the header')
  })

  it('requires no scope when none is named, and every scope that is', async () => {
    assert.equal((await verify(token, query({ audience: AUDIENCE }))).status, 200)
    const both = query({ audience: AUDIENCE, scope: 'fleet:write fleet:read' })
    assert.equal((await verify(token, both)).status, 200)
    const reader = await accessToken(connection, client, { scope: 'fleet:read' })
    const answer = await verify(reader, both)
    assert.equal(answer.status, 403)
    const challenge = answer.headers['www-authenticate'] ?? ''
    assert.match(challenge, /^Bearer .*error="insufficient_scope"/)
    assert.match(challenge, /scope="fleet:write fleet:read"/)
    assert.equal(answer.headers['x-auth-client-id'], undefined)
  })

  it('challenges a request without a token, and names no error (RFC 6750 §3.1)', async () => {
    const answer = await verify(null)
    assert.equal(answer.status, 401)
    assert.match(answer.headers['www-authenticate'] ?? '', /^Bearer(?!.*error)/)
  })

  it('refuses a token for another audience: 401 invalid_token', async () => {
    const other = await accessToken(connection, server.credentials)
    for (const [bearer, audience] of [
      [other, AUDIENCE],
      [token, server.credentials.audience],
      [token, `${AUDIENCE}/`],
      [token, `${AUDIENCE} ${server.credentials.audience}`],
    ] as const) {
      const answer = await verify(bearer, query({ audience }))
      assert.equal(answer.status, 401, audience)
      assert.match(answer.headers['www-authenticate'] ?? '', /^Bearer .*error="invalid_token"/)
    }
  })

  for (const { what, forge } of FORGERIES) {
    it(`refuses ${what}`, async () => {
      assert.equal((await verify(await forge(genuine))).status, 401)
    })
  }

  // A gateway lets nothing through for a 400.
  for (const [what, search] of Object.entries({
    'no audience: any token of ours would pass': '',
    'an empty audience': 'audience=',
    'only a scope': query({ scope: 'fleet:read' }),
    'two audiences': `${query({ audience: AUDIENCE })}&${query({ audience: AUDIENCE })}`,
    'two scopes parameters': `${query({ audience: AUDIENCE })}&scope=fleet:read&scope=x`,
    'an empty scope': query({ audience: AUDIENCE, scope: '' }),
    'a blank scope': query({ audience: AUDIENCE, scope: ' ' }),
    'a scope with a quote': query({ audience: AUDIENCE, scope: 'a"b' }),
    'an unknown parameter': query({ audience: AUDIENCE, scopes: 'fleet:admin' }),
    'the token in the query': query({ audience: AUDIENCE, access_token: 'x' }),
    'the resource instead': query({ resource: AUDIENCE }),
    'a member of the prototype': `${query({ audience: AUDIENCE })}&__proto__=x`,
  })) {
    it(`refuses ${what}: 400, with and without a token`, async () => {
      for (const bearer of [token, null]) {
        const answer = await verify(bearer, search)
        assert.equal(answer.status, 400, answer.text)
        assert.equal(answer.json().error === undefined, false)
        assert.equal(answer.headers['x-auth-client-id'], undefined)
      }
    })
  }

  it('never answers 2xx to another method', async () => {
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']) {
      const path = `/oauth2/verify?${query({ audience: AUDIENCE })}`
      const headers = { authorization: `Bearer ${token}` }
      const answer = await connection.send({ method, path, headers })
      assert.equal(answer.status, 405, method)
      assert.equal(answer.headers.allow, 'GET, HEAD')
    }
  })

  it('refuses a revoked token, and the tokens of a disabled client', async () => {
    const spare = await createClient(server, '--audience', AUDIENCE)
    const [revoked, kept] = [
      await accessToken(connection, spare),
      await accessToken(connection, spare),
    ]
    assert.equal((await verify(revoked)).status, 200)
    assert.equal((await revoke(connection, spare, revoked)).status, 200)
    assert.equal((await verify(revoked)).status, 401)
    assert.equal((await verify(kept)).status, 200)
    const disabled = await server.miot(['clients', 'disable', spare.client_id])
    assert.equal(disabled.status, 0, disabled.stderr)
    // Changed by another process: heard within a second.
    const deadline = performance.now() + 10_000
    while ((await verify(kept)).status !== 401) {
      assert.ok(performance.now() < deadline, 'still accepted')
      await sleep(50)
    }
  })

  it('checks the address of the client that a trusted gateway reports, else that of the peer', async () => {
    const bound = await createClient(
      server,
      ...['--audience', AUDIENCE, '--allow', '127.0.0.1', '--allow', '203.0.113.0/24'],
    )
    const bearer = await accessToken(connection, bound)
    assert.equal(await verifyFrom('127.0.0.1', bearer), 200)
    assert.equal(await verifyFrom('127.0.0.2', bearer), 403)
    assert.equal(await verifyFrom('127.0.0.2', bearer, '203.0.113.7'), 403, 'not a trusted proxy')
    assert.equal(await verifyFrom('127.0.0.1', bearer, '198.51.100.7'), 200, 'not a trusted proxy')
    assert.equal(await verifyFrom(PROXY, bearer, '203.0.113.7'), 200)
    assert.equal(await verifyFrom(PROXY, bearer, '198.51.100.7'), 403)
    assert.equal(await verifyFrom(PROXY, bearer), 403, 'the gateway itself')
  })
})
