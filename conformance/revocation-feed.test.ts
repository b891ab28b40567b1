/** The revocation feed, for resource servers that verify tokens locally. */

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { RevocationPage } from '@modulariot/oauth/protocol'
import { type Answer, type Connection, openConnection } from './support/connection.ts'
import { type Credentials, type RunningServer, startServer } from './support/running-server.ts'
import { revoke } from './support/token-management.ts'
import { accessToken, createClient } from './support/token-requests.ts'

let server: RunningServer
let connection: Connection
let follower: Credentials
let token: string

before(async () => {
  server = await startServer()
  connection = openConnection(server.url, 4)
  const audience = `${server.url}/oauth2/revocations`
  follower = await createClient(server, '--audience', audience)
  token = await accessToken(connection, follower)
})
after(async () => {
  connection.close()
  await server.stop()
})

const jtiOf = (text: string): string =>
  JSON.parse(Buffer.from(text.split('.')[1] as string, 'base64url').toString()).jti

function request(query = '', bearer = token): Promise<Answer> {
  const headers = { authorization: `Bearer ${bearer}` }
  return connection.send({ method: 'GET', path: `/oauth2/revocations${query}`, headers })
}

async function page(query = ''): Promise<RevocationPage> {
  const answer = await request(query)
  assert.equal(answer.status, 200, answer.text)
  return answer.json() as unknown as RevocationPage
}

async function revokeOne(): Promise<string> {
  const one = await accessToken(connection, server.credentials)
  await revoke(connection, server.credentials, one)
  return jtiOf(one)
}

describe('GET /oauth2/revocations', () => {
  it('lists a revoked token until it would have expired', async () => {
    const { cursor } = await page()
    const one = await accessToken(connection, server.credentials)
    const { exp, jti } = JSON.parse(
      Buffer.from(one.split('.')[1] as string, 'base64url').toString(),
    )
    await revoke(connection, server.credentials, one)
    const next = await page(`?since=${cursor}`)
    assert.deepEqual(next.revocations, [{ kind: 'token', jti, expires: exp }])
    assert.deepEqual((await page(`?since=${next.cursor}`)).revocations, [])
  })

  it('lists a client whose tokens were revoked or that was disabled', async () => {
    for (const verb of ['revoke-tokens', 'disable']) {
      const { client_id } = await createClient(server)
      const { cursor } = await page()
      await server.miot(['clients', verb, client_id])
      const [entry, ...others] = (await page(`?since=${cursor}`)).revocations
      assert.deepEqual(others, [])
      assert.ok(entry?.kind === 'client')
      assert.equal(entry.client_id, client_id)
      const ahead = entry.issued_until - Date.now() / 1000
      assert.ok(ahead > -10 && ahead <= 2, String(ahead))
    }
  })

  it('waits for the next entry, and responds as soon as there is one', async () => {
    const { cursor } = await page()
    const waiting = page(`?since=${cursor}&wait=60`)
    const jti = await revokeOne()
    const entries = (await waiting).revocations
    assert.equal(entries[0]?.kind === 'token' && entries[0].jti, jti)
  })

  it('returns no entries when the time is over', async () => {
    const { cursor } = await page()
    assert.deepEqual(await page(`?since=${cursor}&wait=1`), {
      revocations: [],
      cursor,
      more: false,
    })
  })

  it('starts over for an unknown cursor', async () => {
    const jti = await revokeOne()
    for (const since of ['', 'x', '0.', '7.0123456789abcdef', '1'.repeat(500)]) {
      const { revocations } = await page(`?since=${since}`)
      assert.ok(revocations.some((one) => one.kind === 'token' && one.jti === jti))
    }
  })

  it('is the same after a restart, from the same cursor', async () => {
    const { cursor } = await page()
    const jti = await revokeOne()
    await server.restart('SIGKILL')
    const { revocations } = await page(`?since=${cursor}`)
    assert.deepEqual(
      revocations.map((one) => one.kind === 'token' && one.jti),
      [jti],
    )
  })

  it('ends waiting requests when the server stops', async () => {
    const { cursor } = await page()
    const waiting = page(`?since=${cursor}&wait=60`)
    await page() // Sent later on another connection, so the wait has started.
    await server.restart('SIGTERM')
    assert.deepEqual((await waiting).revocations, [])
  })

  it('requires its scope, at its audience', async () => {
    const none = await connection.send({ method: 'GET', path: '/oauth2/revocations' })
    assert.equal(none.status, 401)
    assert.equal(none.headers['www-authenticate'], 'Bearer realm="ModularIoT Auth"')
    const elsewhere = await request('', await accessToken(connection, server.credentials))
    assert.equal(elsewhere.status, 401)
    assert.match(
      elsewhere.headers['www-authenticate'] ?? '',
      /^Bearer realm="ModularIoT Auth", error="invalid_token"/,
    )
    const admin = await createClient(server, '--audience', `${server.url}/admin/v1`)
    assert.equal((await request('', await accessToken(connection, admin))).status, 401)
  })

  it('refuses invalid parameters', async () => {
    for (const query of ['?wait=61', '?wait=-1', '?wait=1.5', '?wait=x', '?since=a&since=b']) {
      const answer = await request(query)
      assert.equal(answer.status, 400, query)
      assert.equal(answer.json().error, 'invalid_request')
    }
  })

  it('cannot be granted by an administrator of a tenant without the scope', async () => {
    const scopes = ['clients:read', 'clients:write']
    const admin = await createClient(
      server,
      ...['--audience', `${server.url}/admin/v1`, '--scope', ...scopes],
    )
    const audience = `${server.url}/oauth2/revocations`
    const answer = await connection.send({
      path: '/admin/v1/clients',
      headers: {
        authorization: `Bearer ${await accessToken(connection, admin)}`,
        'content-type': 'application/json',
      },
      body: JSON.stringify({ name: 'Thief', grants: [{ audience }] }),
    })
    assert.equal(answer.status, 403, answer.text)
  })

  it('ends with the follower’s own token', async () => {
    const mine = await accessToken(connection, follower)
    assert.equal((await request('', mine)).status, 200)
    await revoke(connection, follower, mine)
    assert.equal((await request('', mine)).status, 401)
  })
})
