/**
 * Authority counts when it is used. Each attack sends the headers of a request while its token is
 * valid, holds the body back until the token's client loses access, and then sends the rest.
 */

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { startPostgres, type TestPostgres } from '@modulariot/platform/testing/postgres'
import { type Answer, type Connection, openConnection } from './support/connection.ts'
import { openStream } from './support/event-stream.ts'
import { holdBack, readAnswer } from './support/held-request.ts'
import { type Credentials, type RunningServer, startServer } from './support/running-server.ts'
import { revoke } from './support/token-management.ts'
import { accessToken, asJson, createClient } from './support/token-requests.ts'
import { get, getAsset, report, reportHeaders, track } from './support/track-requests.ts'

/** The instance with the held request, and the instance that removes access. */
interface Place {
  readonly held: RunningServer
  readonly cutting: RunningServer
}

const PLACES: Readonly<Record<string, () => Place>> = {
  'one instance on SQLite': () => ({ held: sqlite, cutting: sqlite }),
  'one instance on PostgreSQL': () => ({ held: first, cutting: first }),
  'two instances on PostgreSQL': () => ({ held: second, cutting: first }),
}

let sqlite: RunningServer
let first: RunningServer
let second: RunningServer
let postgres: TestPostgres
const opened: Connection[] = []

before(async () => {
  const starting = startServer()
  postgres = await startPostgres()
  const MIOT_DATABASE_URL = await postgres.createDatabase()
  first = await startServer({ MIOT_DATABASE_URL })
  const joined = { MIOT_DATA_DIR: first.dataDir, MIOT_ISSUER: first.url }
  second = await startServer({ MIOT_DATABASE_URL, ...joined })
  sqlite = await starting
})
after(async () => {
  for (const connection of opened) connection.close()
  for (const server of [second, first, sqlite]) await server.stop()
  await postgres.stop()
})

function connectionTo(server: RunningServer): Connection {
  const connection = openConnection(server.url, 4)
  opened.push(connection)
  return connection
}

/** The administrator that cuts the others off; one for each database. */
const chiefs = new Map<string, Promise<Administrator>>()

interface Administrator {
  readonly credentials: Credentials
  readonly token: string
  /** A request to the admin API with the token of this administrator. */
  send(method: string, path: string, body?: object): Promise<Answer>
}

function chiefOf({ cutting }: Place): Promise<Administrator> {
  const known = chiefs.get(cutting.url)
  if (known !== undefined) return known
  const audience = `${cutting.url}/admin/v1`
  const chief = createClient(cutting, '--audience', audience).then((credentials) =>
    administratorOf(cutting, credentials),
  )
  chiefs.set(cutting.url, chief)
  return chief
}

async function administratorOf(
  server: RunningServer,
  credentials: Credentials,
): Promise<Administrator> {
  const connection = connectionTo(server)
  const token = await accessToken(connection, credentials)
  const authorization = `Bearer ${token}`
  return {
    credentials,
    token,
    send: (method, path, body) =>
      connection.send({
        ...{ method, path: `/admin/v1${path}` },
        ...(body === undefined ? { headers: { authorization } } : asJson(body, { authorization })),
      }),
  }
}

/** A client of the chief's tenant, with a token that the held instance has verified. */
async function newClient(place: Place, audience: string): Promise<Administrator> {
  const chief = await chiefOf(place)
  const made = await chief.send('POST', '/clients', { name: 'Subject', grants: [{ audience }] })
  assert.equal(made.status, 201, made.text)
  const { client, client_secret } = made.json() as {
    client: { client_id: string }
    client_secret: string
  }
  const grant_type = 'client_credentials'
  const { client_id } = client
  const credentials = { client_id, client_secret, audience, grant_type } as const
  const subject = await administratorOf(place.held, credentials)
  // From here on the instance has both the token and the client in memory, as in an attack.
  await subject.send('GET', '/clients?limit=1')
  return subject
}

const adminAudience = ({ cutting }: Place): string => `${cutting.url}/admin/v1`

type Cut = (place: Place, subject: Administrator) => Promise<Answer>

const patch =
  (change: (audience: string) => object): Cut =>
  async (place, { credentials }) =>
    (await chiefOf(place)).send(
      'PATCH',
      `/clients/${credentials.client_id}`,
      change(credentials.audience),
    )

/** Every way to remove an administrator's authority. A new one is a new row. */
const CUTS: Readonly<Record<string, Cut>> = {
  'it is disabled': patch(() => ({ status: 'disabled' })),
  'it loses a scope': patch((audience) => ({ grants: [{ audience, scopes: ['clients:read'] }] })),
  'its allowlist no longer has its address': patch(() => ({
    allowlist: { mode: 'enforce', cidrs: ['192.0.2.1'] },
  })),
  'its tokens are revoked': async (place, { credentials }) =>
    (await chiefOf(place)).send('POST', `/clients/${credentials.client_id}/tokens/revoke`),
  'this token is revoked': (place, { credentials, token }) =>
    revoke(connectionTo(place.cutting), credentials, token),
}

/** What an administrator could do with a held request, to its own client `id`. */
const CHANGES: Readonly<
  Record<string, (id: string, audience: string) => Parameters<typeof holdBack>[2]>
> = {
  'restores all its own rights': (id, audience) => ({
    ...{ method: 'PATCH', path: `/admin/v1/clients/${id}` },
    body: JSON.stringify({ status: 'active', grants: [{ audience }], tags: ['held'] }),
  }),
  'makes an administrator': (_id, audience) => ({
    ...{ method: 'POST', path: '/admin/v1/clients' },
    body: JSON.stringify({ name: 'held', tags: ['held'], grants: [{ audience }] }),
  }),
  'makes many clients': (_id, audience) => ({
    ...{ method: 'POST', path: '/admin/v1/clients/bulk' },
    body: JSON.stringify({ name: 'held', tags: ['held'], grants: [{ audience }] }),
    headers: { 'content-type': 'application/x-ndjson' },
  }),
  'adds a secret': (id) => ({
    ...{ method: 'POST', path: `/admin/v1/clients/${id}/secrets`, body: '{"label":"held"}' },
  }),
  'rotates its secrets': (id) => ({
    ...{ method: 'POST', path: `/admin/v1/clients/${id}/secrets/rotate` },
    body: '{"label":"held","overlap_seconds":60}',
  }),
  'revokes a secret': (id) => ({
    ...{ method: 'DELETE', path: `/admin/v1/clients/${id}/secrets/secret_x`, body: '{}' },
  }),
  'revokes tokens': (id) => ({
    ...{ method: 'POST', path: `/admin/v1/clients/${id}/tokens/revoke`, body: '{}' },
  }),
  // Refused before the body is processed: 401, not 400.
  'sends what is no JSON': () => ({
    ...{ method: 'POST', path: '/admin/v1/clients', body: '{"name":' },
  }),
}

for (const [where, place] of Object.entries(PLACES)) {
  describe(`with ${where}, an administrator that holds back its body`, { timeout: 120_000 }, () => {
    for (const [how, cut] of Object.entries(CUTS)) {
      it(`can change nothing once ${how}`, async () => {
        const at = place()
        const chief = await chiefOf(at)
        const audience = adminAudience(at)
        const subject = await newClient(at, audience)
        const { client_id } = subject.credentials
        const held = await Promise.all(
          Object.entries(CHANGES).map(async ([name, request]) => ({
            name,
            request: await holdBack(at.held.url, subject.token, request(client_id, audience)),
          })),
        )
        assert.equal((await cut(at, subject)).status, 200)
        const after = await chief.send('GET', `/clients/${client_id}`)
        for (const { name, request } of held) {
          const { status, text } = await request.finish()
          assert.equal(status, 401, `${name}: ${text}`)
        }
        assert.equal((await chief.send('GET', `/clients/${client_id}`)).text, after.text)
        const made = await chief.send('GET', '/clients?tag=held')
        assert.deepEqual(made.json().clients, [])
        const trail = await chief.send('GET', '/audit?limit=500')
        assert.ok(!trail.text.includes(`"actor":{"kind":"client","client_id":"${client_id}"}`))
      })
    }

    it('still makes its change when it has gained rights since', async () => {
      const at = place()
      const audience = adminAudience(at)
      const subject = await newClient(at, audience)
      const { client_id } = subject.credentials
      const path = `/admin/v1/clients/${client_id}`
      const held = await holdBack(at.held.url, subject.token, {
        ...{ method: 'PATCH', path, body: '{"name":"Renamed"}' },
      })
      const grants = [{ audience }, { audience: at.cutting.credentials.audience }]
      const wider = await (await chiefOf(at)).send('PATCH', `/clients/${client_id}`, { grants })
      assert.equal(wider.status, 200, wider.text)
      const { status, text } = await held.finish()
      assert.equal(status, 200, text)
    })
  })

  describe(`with ${where}, an unread bulk response`, { timeout: 120_000 }, () => {
    it('creates nothing after its administrator lost access, and reports where it stopped', async () => {
      const at = place()
      const chief = await chiefOf(at)
      const audience = at.cutting.credentials.audience
      const subject = await newClient(at, adminAudience(at))
      // More than all buffers between server and reader hold, so that the end waits for the reader.
      const tags = Array.from({ length: 50 }, (_, index) => `${index}`.padEnd(100, 'x'))
      const line = JSON.stringify({
        name: 'bulk',
        tags: ['bulk', ...tags.slice(1)],
        grants: [{ audience }],
      })
      const lines = 2900
      const { socket } = await holdBack(at.held.url, subject.token, {
        ...{ method: 'POST', path: '/admin/v1/clients/bulk' },
        body: `${`${line}\n`.repeat(lines)} `,
        headers: { 'content-type': 'application/x-ndjson' },
      })
      socket.write(' ')
      await new Promise((resolve) => socket.once('readable', resolve))
      const { client_id } = subject.credentials
      const path = `/clients/${client_id}`
      assert.equal((await chief.send('PATCH', path, { status: 'disabled' })).status, 200)
      const trail = async () =>
        (await chief.send('GET', '/audit?limit=1')).json() as {
          entries: [{ action: string; target: { id: string } }]
        }
      assert.deepEqual(
        (await trail()).entries.map(({ action, target }) => [action, target.id]),
        [['client.disabled', client_id]],
      )
      const { text } = await readAnswer(socket)
      const statuses = [...text.matchAll(/^\{"status":"(\w+)"/gm)].map(([, status]) => status)
      assert.equal(statuses.pop(), 'stopped')
      assert.ok(statuses.length > 0 && statuses.length < lines, String(statuses.length))
      assert.ok(statuses.every((status) => status === 'created'))
      assert.deepEqual(
        (await trail()).entries.map(({ action, target }) => [action, target.id]),
        [['client.disabled', client_id]],
      )
    })
  })

  describe(`with ${where}, a device that holds back its body`, { timeout: 120_000 }, () => {
    for (const how of ['it is disabled', 'its tokens are revoked', 'it loses a scope'] as const) {
      it(`stores nothing once ${how}`, async () => {
        const at = place()
        const { audience } = at.cutting.credentials
        const subject = await newClient(at, audience)
        const asset = `HELD-${how.length}`
        const batch = [report(`${asset}-1`), report(`${asset}-2`)]
        const held = await Promise.all(
          [
            { path: '/v1/asset/track', body: report(asset) },
            { path: '/v1/asset/track/batch', body: batch },
          ].map(({ path, body }) =>
            holdBack(at.held.url, subject.token, {
              ...{ method: 'POST', path, body: JSON.stringify(body), headers: reportHeaders() },
            }),
          ),
        )
        const cut =
          how === 'it loses a scope'
            ? patch(() => ({ grants: [{ audience, scopes: ['asset:track:read'] }] }))
            : (CUTS[how] as Cut)
        assert.equal((await cut(at, subject)).status, 200)
        await refusedAt(at.held, subject.token)
        for (const request of held) {
          const { status, text } = await request.finish()
          assert.equal(status, 401, text)
        }
        const reader = await accessToken(connectionTo(at.held), at.cutting.credentials)
        for (const id of [asset, `${asset}-1`, `${asset}-2`]) {
          assert.equal((await getAsset(connectionTo(at.held), reader, id)).status, 404)
        }
      })
    }
  })

  describe(`with ${where}, an open connection`, { timeout: 120_000 }, () => {
    for (const how of ['it is disabled', 'its tokens are revoked', 'this token is revoked']) {
      it(`with a stream of reports ends once ${how}`, async () => {
        const at = place()
        const subject = await newClient(at, at.cutting.credentials.audience)
        const stream = await openStream(at.held.url, subject.token)
        assert.equal((await (CUTS[how] as Cut)(at, subject)).status, 200)
        const cutAt = performance.now()
        const end = await stream.next()
        assert.deepEqual([end?.event, end?.data], ['end', { reason: 'token' }])
        assert.equal(await stream.next(), null)
        // A second is the guarantee; the heartbeat, which would also notice it, is every fifteen.
        assert.ok(performance.now() - cutAt < 3000)
      })
    }

    it('with a wait at the feed ends without sending the entry', async () => {
      const at = place()
      // The feed names every tenant's clients, so only the operator creates a follower.
      const audience = `${at.cutting.url}/oauth2/revocations`
      const follower = await createClient(at.cutting, '--audience', audience)
      const connection = connectionTo(at.held)
      const token = await accessToken(connection, follower)
      const { cursor } = (await get(connection, token, '/oauth2/revocations')).json()
      const waiting = get(connection, token, `/oauth2/revocations?since=${cursor}&wait=60`)
      const disabled = await at.cutting.miot(['clients', 'disable', follower.client_id])
      assert.equal(disabled.status, 0, disabled.stderr)
      const { status, text } = await waiting
      assert.equal(status, 401, text)
    })
  })
}

/** Waits until the instance knows of it: a request of the client is refused. */
async function refusedAt(server: RunningServer, token: string): Promise<void> {
  const connection = connectionTo(server)
  const deadline = performance.now() + 5000
  for (;;) {
    const { status } = await track(connection, token, report('PROBE'))
    if (status === 401) return
    assert.ok(performance.now() < deadline, String(status))
  }
}
