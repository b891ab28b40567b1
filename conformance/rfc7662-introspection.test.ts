/** Token introspection (RFC 7662): exact, and only for the caller's own tokens. */

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { type Connection, openConnection } from './support/connection.ts'
import { type Credentials, type RunningServer, startServer } from './support/running-server.ts'
import { introspect, post, revoke } from './support/token-management.ts'
import { accessToken, asForm, createClient } from './support/token-requests.ts'

const ELSEWHERE = 'https://elsewhere.example'

let server: RunningServer
let connection: Connection

before(async () => {
  server = await startServer()
  connection = openConnection(server.url)
  await server.miot(['audiences', 'create', ELSEWHERE, '--scope', 'read'])
})
after(async () => {
  connection.close()
  await server.stop()
})

/** A resource server of an audience. */
async function resourceServer(audience: string, ...options: string[]) {
  const client = await createClient(server, ...options)
  const args = ['clients', 'resource-server', client.client_id, '--audience', audience]
  const { status, stderr } = await server.miot(args)
  assert.equal(status, 0, stderr)
  return client
}

async function assertInactive(caller: { client_id: string; client_secret: string }, token: string) {
  const answer = await introspect(connection, caller, token)
  assert.equal(answer.status, 200)
  assert.equal(answer.text, '{"active":false}')
}

/** A token issued after a cut-off that the server knows within a second. */
async function livingToken(client: Credentials): Promise<string> {
  const deadline = performance.now() + 1000
  for (;;) {
    const token = await accessToken(connection, client)
    if ((await introspect(connection, client, token)).json().active === true) return token
    assert.ok(performance.now() < deadline, 'in time')
  }
}

describe('POST /oauth2/introspect', () => {
  it('§2.2: returns the claims of a client’s own token', async () => {
    const { credentials } = server
    const token = await accessToken(connection, credentials, { scope: 'asset:track:read' })
    const answer = await introspect(connection, credentials, token)
    const claims = JSON.parse(Buffer.from(token.split('.')[1] as string, 'base64url').toString())
    assert.equal(answer.status, 200)
    assert.equal(answer.headers['cache-control'], 'no-store')
    const { iss, sub, aud, exp, iat, jti, client_id, scope, org_id, environment } = claims
    assert.deepEqual(answer.json(), {
      active: true,
      token_type: 'Bearer',
      ...{ iss, sub, aud, exp, iat, jti, client_id, scope, org_id, environment },
    })
    assert.equal(scope, 'asset:track:read')
  })

  it('§2.1: returns the tokens of a resource server’s audience to it', async () => {
    const api = await resourceServer(server.credentials.audience)
    const token = await accessToken(connection, server.credentials)
    const answer = await introspect(connection, api, token)
    assert.equal(answer.json().active, true)
    assert.equal(answer.json().client_id, server.credentials.client_id)
  })

  it('§4: reveals no token to an unrelated caller', async () => {
    const token = await accessToken(connection, server.credentials)
    await assertInactive(await createClient(server), token)
    await assertInactive(await resourceServer(ELSEWHERE), token)
    const production = ['--environment', 'production']
    await assertInactive(await resourceServer(server.credentials.audience, ...production), token)
  })

  it('§2.2: returns only inactive for anything that is not a valid token', async () => {
    const { credentials } = server
    const token = await accessToken(connection, credentials)
    const [header, payload, signature] = token.split('.') as [string, string, string]
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString())
    const longer = Buffer.from(JSON.stringify({ ...claims, exp: claims.exp + 1 }))
    const nothings = [
      'x',
      `${header}.${longer.toString('base64url')}.${signature}`,
      `${header}.${payload}.`,
      `${token}.`,
      credentials.client_secret,
    ]
    for (const nothing of nothings) await assertInactive(credentials, nothing)
  })

  it('§2.2: knows at once that a token was revoked, all tokens of its client, or its client disabled', async () => {
    const { credentials } = server
    const api = await resourceServer(credentials.audience)
    const revoked = await accessToken(connection, credentials)
    await revoke(connection, credentials, revoked)
    await assertInactive(credentials, revoked)
    await assertInactive(api, revoked)
    const client = await createClient(server)
    const token = await accessToken(connection, client)
    await server.miot(['clients', 'revoke-tokens', client.client_id])
    // Without waiting: the store is read, not memory.
    await assertInactive(client, token)
    const next = await livingToken(client)
    await server.miot(['clients', 'disable', client.client_id])
    await assertInactive(api, next)
  })

  it('§2.1: authenticates the caller, but not by a token', async () => {
    const token = await accessToken(connection, server.credentials)
    const { client_id } = server.credentials
    for (const message of [
      asForm({ token }),
      asForm({ token, client_id, client_secret: `${server.credentials.client_secret}x` }),
      asForm({ token }, { authorization: `Bearer ${token}` }),
    ]) {
      const answer = await post(connection, 'introspect', message)
      assert.equal(answer.status, 401)
      assert.equal(answer.json().error, 'invalid_client')
    }
    const { client_secret } = server.credentials
    const nothing = await post(connection, 'introspect', asForm({ client_id, client_secret }))
    assert.equal(nothing.status, 400)
    assert.equal(nothing.json().error, 'invalid_request')
  })

  it('§2.1: accepts POST only, so that no token is in a URL', async () => {
    const token = await accessToken(connection, server.credentials)
    const path = `/oauth2/introspect?token=${token}`
    assert.equal((await connection.send({ method: 'GET', path })).status, 405)
  })
})
