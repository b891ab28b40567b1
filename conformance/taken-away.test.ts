/**
 * A change that reduces a client's rights revokes its tokens; a change that only adds rights does
 * not.
 */

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { type Connection, openConnection } from './support/connection.ts'
import { type Credentials, type RunningServer, startServer } from './support/running-server.ts'
import { introspect } from './support/token-management.ts'
import { accessToken, asJson, createClient } from './support/token-requests.ts'
import { get } from './support/track-requests.ts'

const WITHIN_MS = 1000
const READ = 'asset:track:read'
const WRITE = 'asset:track:write'

let server: RunningServer
let connection: Connection
let authorization: string
/** The audience of the quick start's client. */
const audience = 'https://iot.streamhub.cl/v1/asset/track'

before(async () => {
  server = await startServer()
  connection = openConnection(server.url)
  assert.equal(server.credentials.audience, audience)
  const admin = await createClient(server, '--audience', `${server.url}/admin/v1`)
  authorization = `Bearer ${await accessToken(connection, admin)}`
})
after(async () => {
  connection.close()
  await server.stop()
})

const change = (id: string, body: object) =>
  connection.send({
    ...{ method: 'PATCH', path: `/admin/v1/clients/${id}` },
    ...asJson(body, { authorization }),
  })

const statusOf = async (token: string) => (await get(connection, token, '/v1/assets')).status

const grants = (...scopes: string[]) => ({ grants: [{ audience, scopes }] })
const enforced = (...cidrs: string[]) => ({ allowlist: { mode: 'enforce', cidrs } })
const ANYWHERE = { allowlist: { mode: 'off', cidrs: [] } }
/** This machine is in each range. */
const WIDE = enforced('127.0.0.0/8', '::1', '192.0.2.0/24')

/** The client's initial settings, and the change. */
const TAKES: Readonly<Record<string, readonly [object, object]>> = {
  'a scope is removed': [grants(READ, WRITE), grants(READ)],
  'an allowlist is enforced': [ANYWHERE, WIDE],
  'a range is removed': [WIDE, enforced('127.0.0.0/8', '::1')],
  'its token lifetime is shortened': [
    { token_lifetime_seconds: 3600 },
    { token_lifetime_seconds: 1800 },
  ],
}
const LEAVES: Readonly<Record<string, readonly [object, object]>> = {
  'it is named': [{}, { name: 'Named', tags: ['a'] }],
  'a scope is added': [grants(READ), grants(READ, WRITE)],
  'a range is added': [WIDE, enforced('127.0.0.0/8', '::1', '192.0.2.0/24', '198.51.100.0/24')],
  'a range is written differently': [
    WIDE,
    enforced('::ffff:127.0.0.0/104', '::1', '192.0.2.0/25', '192.0.2.128/25'),
  ],
  'its allowlist is switched off': [WIDE, ANYWHERE],
  'its token lifetime is extended': [
    { token_lifetime_seconds: 1800 },
    { token_lifetime_seconds: 3600 },
  ],
}

async function clientThatIs(how: object): Promise<{ client: Credentials; token: string }> {
  const path = '/admin/v1/clients'
  const body = { name: 'Subject', ...grants(READ, WRITE), ...how }
  const made = await connection.send({ path, ...asJson(body, { authorization }) })
  assert.equal(made.status, 201, made.text)
  const { client: view, client_secret } = made.json() as {
    client: { client_id: string }
    client_secret: string
  }
  const { client_id } = view
  const client = { client_id, client_secret, audience, grant_type: 'client_credentials' } as const
  const token = await accessToken(connection, client)
  assert.equal(await statusOf(token), 200)
  return { client, token }
}

describe('a token is revoked when', () => {
  for (const [why, [before, next]] of Object.entries(TAKES)) {
    it(`${why}, and its client can get another`, async () => {
      const { client, token } = await clientThatIs(before)
      const changed = await change(client.client_id, next)
      assert.equal(changed.status, 200, changed.text)
      assert.equal(await statusOf(token), 401)
      assert.deepEqual((await introspect(connection, client, token)).json(), { active: false })
      assert.equal(await statusOf(await accessToken(connection, client)), 200)
    })
  }

  it('miot removes a right on the server, within a second', async () => {
    const { client, token } = await clientThatIs(grants(READ, WRITE))
    const args = ['clients', 'update', client.client_id, '--scope', READ]
    const changed = await server.miot(args)
    assert.equal(changed.status, 0, changed.stderr)
    const deadline = performance.now() + WITHIN_MS
    while ((await statusOf(token)) !== 401) assert.ok(performance.now() < deadline)
  })

  it('its secrets are rotated without an overlap, and not with one', async () => {
    const { client, token } = await clientThatIs({})
    const rotate = (overlap_seconds: number) =>
      connection.send({
        path: `/admin/v1/clients/${client.client_id}/secrets/rotate`,
        ...asJson({ overlap_seconds }, { authorization }),
      })
    assert.equal((await rotate(60)).status, 201)
    assert.equal(await statusOf(token), 200)
    assert.equal((await rotate(0)).status, 201)
    assert.equal(await statusOf(token), 401)
  })
})

describe('a token stays valid when', () => {
  for (const [why, [before, next]] of Object.entries(LEAVES)) {
    it(why, async () => {
      const { client, token } = await clientThatIs(before)
      const changed = await change(client.client_id, next)
      assert.equal(changed.status, 200, changed.text)
      assert.equal(await statusOf(token), 200)
    })
  }
})

describe('introspection', () => {
  it('returns the current addresses of the client', async () => {
    const { client, token } = await clientThatIs(enforced('127.0.0.0/8', '::1'))
    assert.equal((await change(client.client_id, WIDE)).status, 200)
    const answer = (await introspect(connection, client, token)).json()
    assert.deepEqual(answer.allowed_addresses, WIDE.allowlist.cidrs)
    assert.equal((await change(client.client_id, ANYWHERE)).status, 200)
    const open = (await introspect(connection, client, token)).json()
    assert.deepEqual([open.active, open.allowed_addresses], [true, undefined])
  })
})
