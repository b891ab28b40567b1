/** RFC 9068: the content of an access token, and its verification with published data only. */

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import {
  createRemoteJWKSet,
  decodeJwt,
  decodeProtectedHeader,
  type JWTPayload,
  jwtVerify,
} from 'jose'
import { adminToken } from './support/administrator.ts'
import { type Connection, openConnection } from './support/connection.ts'
import { type Credentials, type RunningServer, startServer } from './support/running-server.ts'
import { introspect, revoke } from './support/token-management.ts'
import { accessToken, createClient } from './support/token-requests.ts'

let server: RunningServer
let connection: Connection
let credentials: Credentials

before(async () => {
  server = await startServer()
  connection = openConnection(server.url)
  credentials = server.credentials
})
after(async () => {
  connection.close()
  await server.stop()
})

async function get(url: string): Promise<Record<string, unknown>> {
  const { pathname } = new URL(url)
  return (await connection.send({ method: 'GET', path: pathname })).json()
}

async function publishedKeys() {
  const metadata = await get(`${server.url}/.well-known/oauth-authorization-server`)
  return createRemoteJWKSet(new URL(String(metadata.jwks_uri)))
}

describe('§2.1: the header', () => {
  it('is exactly alg RS256, a kid that is published, and typ at+jwt', async () => {
    const { kid, ...header } = decodeProtectedHeader(await accessToken(connection, credentials))
    assert.deepEqual(header, { alg: 'RS256', typ: 'at+jwt' })
    const { keys } = await get(`${server.url}/.well-known/jwks.json`)
    const published = (keys as { kid: string }[]).filter((key) => key.kid === kid)
    assert.equal(published.length, 1)
  })
})

describe('an audience with --typ JWT', () => {
  const audience = 'https://spring.example'
  let client: Credentials
  let token: string

  before(async () => {
    const create = ['audiences', 'create', audience, '--scope', 'meters:read', '--typ', 'JWT']
    const { status, stderr } = await server.miot(create)
    assert.equal(status, 0, stderr)
    client = await createClient(server, '--audience', audience)
    token = await accessToken(connection, client)
  })

  it('has tokens of that type, which a plain JWT verifier accepts', async () => {
    assert.equal(decodeProtectedHeader(token).typ, 'JWT')
    const expected = { issuer: server.url, audience, typ: 'JWT' }
    const { payload } = await jwtVerify(token, await publishedKeys(), expected)
    assert.equal(payload.sub, client.client_id)
  })

  it('leaves the tokens of other audiences as they are', async () => {
    assert.equal(decodeProtectedHeader(await accessToken(connection, credentials)).typ, 'at+jwt')
  })

  it('has tokens that can be introspected and revoked', async () => {
    assert.equal((await introspect(connection, client, token)).json().active, true)
    assert.equal((await revoke(connection, client, token)).status, 200)
    assert.equal((await introspect(connection, client, token)).json().active, false)
  })

  it('is listed with its type in the admin API', async () => {
    const headers = { authorization: `Bearer ${await adminToken(server)}` }
    const path = '/admin/v1/audiences'
    const { audiences } = (await connection.send({ method: 'GET', path, headers })).json()
    const types = (audiences as { audience: string; token_typ: string }[]).map(
      (one) => [one.audience, one.token_typ] as const,
    )
    assert.equal(new Map(types).get(audience), 'JWT')
    assert.equal(new Map(types).get(credentials.audience), 'at+jwt')
  })

  it('cannot be ModularIoT API, which accepts at+jwt only', async () => {
    const create = ['audiences', 'create', credentials.audience, '--scope', 'a', '--typ', 'JWT']
    const { status, stderr } = await server.miot(create)
    assert.equal(status, 2)
    assert.match(stderr, /accepts tokens of the type at\+jwt only/)
  })
})

describe('§2.2: the claims', () => {
  it('are exactly the documented ones', async () => {
    const claims = decodeJwt(await accessToken(connection, credentials))
    assert.deepEqual(Object.keys(claims).sort(), [
      'aud',
      'azp',
      'client_id',
      'environment',
      'exp',
      'iat',
      'iss',
      'jti',
      'org_id',
      'scope',
      'sub',
    ])
  })

  it('name the issuer, the audience, and the client as subject, client_id and azp', async () => {
    const { iss, aud, sub, client_id, azp } = decodeJwt(await accessToken(connection, credentials))
    const { client_id: id, audience } = credentials
    assert.deepEqual(
      { iss, aud, sub, client_id, azp },
      { iss: server.url, aud: audience, sub: id, client_id: id, azp: id },
    )
  })

  it('start now and end after expires_in, in whole seconds', async () => {
    const before = Math.floor(Date.now() / 1000)
    const { iat, exp } = decodeJwt(await accessToken(connection, credentials))
    const later = Math.floor(Date.now() / 1000)
    assert.ok(Number.isInteger(iat) && iat !== undefined && iat >= before && iat <= later)
    assert.equal(exp, iat + 86400)
  })

  it('contain a jti that no other token has', async () => {
    const tokens = await Promise.all(
      Array.from({ length: 20 }, () => accessToken(connection, credentials)),
    )
    const ids = new Set(tokens.map((token) => decodeJwt(token).jti))
    assert.equal(ids.size, tokens.length)
    for (const id of ids) assert.ok(typeof id === 'string' && id.length >= 16)
  })

  it('contain the organization and the environment of the client', async () => {
    const production = await createClient(server, '--environment', 'production')
    const development = decodeJwt(await accessToken(connection, credentials))
    const other = decodeJwt(await accessToken(connection, production))
    assert.equal(development.environment, 'development')
    assert.equal(other.environment, 'production')
    assert.ok(typeof other.org_id === 'string' && other.org_id !== '')
    assert.equal(other.org_id, development.org_id)
  })

  it('§2.2.3: contain the granted scopes, and only those', async () => {
    const all = decodeJwt(await accessToken(connection, credentials))
    assert.equal(all.scope, 'asset:track:write asset:track:read')
    const read = await accessToken(connection, credentials, { scope: 'asset:track:read' })
    assert.equal(decodeJwt(read).scope, 'asset:track:read')
  })
})

describe('§4: a resource server with only the issuer configured', () => {
  const verify = async (token: string, more: object = {}): Promise<JWTPayload> => {
    const { payload } = await jwtVerify(token, await publishedKeys(), {
      typ: 'at+jwt',
      issuer: server.url,
      audience: credentials.audience,
      algorithms: ['RS256'],
      requiredClaims: ['exp', 'iat', 'sub', 'client_id', 'jti'],
      ...more,
    })
    return payload
  }

  it('verifies a token through the metadata and the published keys', async () => {
    const payload = await verify(await accessToken(connection, credentials))
    assert.equal(payload.sub, credentials.client_id)
  })

  it('treats it as expired at exp, and not before', async () => {
    const token = await accessToken(connection, credentials)
    const exp = decodeJwt(token).exp as number
    await verify(token, { currentDate: new Date((exp - 1) * 1000) })
    await assert.rejects(verify(token, { currentDate: new Date(exp * 1000) }), {
      code: 'ERR_JWT_EXPIRED',
    })
  })

  it('detects one flipped bit in the payload', async () => {
    const token = await accessToken(connection, credentials)
    const [header, , signature] = token.split('.')
    const claims = { ...decodeJwt(token), scope: 'asset:track:admin' }
    const payload = Buffer.from(JSON.stringify(claims)).toString('base64url')
    await assert.rejects(verify(`${header}.${payload}.${signature}`), {
      code: 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED',
    })
  })
})

describe('the published keys', () => {
  it('are public halves only, each with a kid, an alg and the use sig', async () => {
    const { keys } = await get(`${server.url}/.well-known/jwks.json`)
    assert.ok(Array.isArray(keys) && keys.length > 0)
    for (const key of keys) {
      assert.deepEqual(Object.keys(key).sort(), ['alg', 'e', 'kid', 'kty', 'n', 'use'])
      assert.deepEqual([key.kty, key.alg, key.use], ['RSA', 'RS256', 'sig'])
      assert.ok(Buffer.from(key.n, 'base64url').length >= 256, '2048 bits at least')
    }
  })
})
