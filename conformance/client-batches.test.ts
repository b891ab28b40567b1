/**
 * One change to many clients: each is judged alone, none of another tenant is touched, a retry
 * under a key changes nothing twice, and a caller that loses access changes nothing more.
 */

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { startPostgres, type TestPostgres } from '@modulariot/platform/testing/postgres'
import { adminToken } from './support/administrator.ts'
import { openConnection } from './support/connection.ts'
import { signUp } from './support/person.ts'
import { type RunningServer, startServer } from './support/running-server.ts'
import { accessToken, createClient } from './support/token-requests.ts'

interface Result {
  readonly client_id: string
  readonly status: string
  readonly secret_id?: string
  readonly client_secret?: string | null
  readonly error?: { readonly code: string; readonly message: string }
}

interface Answer {
  readonly status: number
  readonly replayed: boolean
  readonly body: { readonly results: readonly Result[]; readonly detail?: string }
}

for (const database of ['SQLite', 'PostgreSQL'] as const) {
  describe(`one change to many clients (${database})`, { timeout: 120_000 }, () => {
    let postgres: TestPostgres | null = null
    let server: RunningServer
    let token: string
    let home: string
    before(async () => {
      if (database === 'PostgreSQL') postgres = await startPostgres()
      const url = await postgres?.createDatabase()
      server = await startServer(url === undefined ? {} : { MIOT_DATABASE_URL: url })
      const { stdout } = await server.miot(['orgs', 'list', '--json'])
      home = JSON.parse(stdout).organizations[0].org_id
      token = await adminToken(server, ['--org', home])
    })
    after(async () => {
      await server?.stop()
      await postgres?.stop()
    })

    async function send(
      method: string,
      path: string,
      body?: unknown,
      headers: Record<string, string> = {},
    ): Promise<{ status: number; headers: Headers; text: string }> {
      const response = await fetch(`${server.url}/admin/v1${path}`, {
        method,
        headers: {
          authorization: `Bearer ${token}`,
          ...(body !== undefined && { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      })
      return { status: response.status, headers: response.headers, text: await response.text() }
    }

    async function batch(body: object, headers?: Record<string, string>): Promise<Answer> {
      const answer = await send('POST', '/clients/batch', body, headers)
      const replayed = answer.headers.get('idempotent-replay') === 'true'
      return { status: answer.status, replayed, body: JSON.parse(answer.text) }
    }

    async function make(count: number, more: object = {}): Promise<string[]> {
      const grants = [{ audience: server.credentials.audience }]
      const line = JSON.stringify({ name: 'Truck', grants, ...more })
      const lines = Array<string>(count).fill(line).join('\n')
      const type = { 'content-type': 'application/x-ndjson' }
      const { text } = await send('POST', '/clients/bulk', lines, type)
      return text
        .trim()
        .split('\n')
        .map((one) => JSON.parse(one).client.client_id)
    }

    const show = async (id: string) => JSON.parse((await send('GET', `/clients/${id}`)).text)

    const entriesOf = async (id: string): Promise<string[]> =>
      JSON.parse((await send('GET', `/audit?target=${id}`)).text).entries.map(
        ({ action }: { action: string }) => action,
      )

    const login = async (client_id: string, client_secret: string): Promise<number> => {
      const body = new URLSearchParams({ ...server.credentials, client_id, client_secret })
      return (await fetch(`${server.url}/oauth2/token`, { method: 'POST', body })).status
    }

    const statuses = ({ body }: Answer) => body.results.map(({ status }) => status)

    it('tags a hundred, leaves those that have the tag as they are, and untags', async () => {
      const tagged = await make(1, { tags: ['north'] })
      const ids = [...tagged, ...(await make(99, { tags: ['old'] }))]
      const add = await batch({ action: 'add_tags', tags: ['north', 'north'], client_ids: ids })
      assert.equal(add.status, 200)
      assert.deepEqual(
        add.body.results.map(({ client_id }) => client_id),
        ids,
      )
      assert.deepEqual(statuses(add), ['unchanged', ...Array(99).fill('changed')])
      assert.deepEqual((await show(ids[99] as string)).tags, ['old', 'north'])
      // As a single change: one entry, with the change in it; none where nothing changed.
      assert.deepEqual(await entriesOf(ids[99] as string), ['client.updated', 'client.created'])
      assert.deepEqual(await entriesOf(ids[0] as string), ['client.created'])
      const remove = await batch({ action: 'remove_tags', tags: ['old', 'none'], client_ids: ids })
      assert.deepEqual(statuses(remove), ['unchanged', ...Array(99).fill('changed')])
      assert.deepEqual((await show(ids[99] as string)).tags, ['north'])
    })

    it('judges each alone: unknown, of others, full of tags, without a secret, full of secrets', async () => {
      const org = JSON.parse(
        (await server.miot(['orgs', 'create', '--name', 'X', '--json'])).stdout,
      )
      const [foreign, production] = await Promise.all([
        createClient(server, '--org', org.org_id),
        createClient(server, '--org', home, '--environment', 'production'),
      ])
      const tags = Array.from({ length: 50 }, (_, index) => `t${index}`)
      const [full] = (await make(1, { tags })) as [string]
      const [good, last] = (await make(2)) as [string, string]
      const client_ids = [good, 'client_none', foreign.client_id, production.client_id, full, last]
      const tag = await batch({ action: 'add_tags', tags: ['one-more'], client_ids })
      assert.deepEqual(
        tag.body.results.map(({ status, error }) => [status, error?.code]),
        [
          ['changed', undefined],
          ['refused', 'not_found'],
          ['refused', 'not_found'],
          ['refused', 'not_found'],
          ['refused', 'conflict'],
          ['changed', undefined],
        ],
      )
      assert.match(tag.body.results[4]?.error?.message ?? '', /51 tags, of 50/)
      assert.equal((await show(full)).tags.length, 50)
      const off = await batch({ action: 'disable', client_ids: [foreign.client_id, 'client_none'] })
      assert.deepEqual(statuses(off), ['refused', 'refused'])
      assert.equal(await login(foreign.client_id, foreign.client_secret), 200)

      const jwks = { keys: [{ kty: 'OKP', crv: 'Ed25519', x: PUBLIC_X, kid: 'k' }] }
      const [signing] = (await make(1, { jwks })) as [string]
      for (let n = 0; n < 9; n++) await send('POST', `/clients/${last}/secrets`, {})
      const rotate = await batch({
        ...{ action: 'rotate', overlap_seconds: 3600, label: 'fleet' },
        client_ids: [signing, last, good],
      })
      assert.deepEqual(
        rotate.body.results.map(({ status, error }) => [status, error?.message]),
        [
          ['refused', 'It has no secret; it signs assertions'],
          ['refused', 'The client has 10 secrets; revoke one first'],
          ['changed', undefined],
        ],
      )
      const { client_secret, secret_id } = rotate.body.results[2] as Result
      assert.equal(await login(good, client_secret as string), 200)
      const secrets = (await show(good)).secrets
      assert.deepEqual([secrets[1].label, secrets[1].secret_id], ['fleet', secret_id])
      assert.deepEqual((await show(signing)).secrets, [])
    })

    it('disables and enables, and ends tokens as a single change does', async () => {
      const [{ client_id, ...rest }, idle] = [
        await createClient(server, '--org', home),
        (await make(1, {}))[0] as string,
      ]
      const connection = openConnection(server.url, 1)
      const held = await accessToken(connection, { client_id, ...rest })
      connection.close()
      await batch({ action: 'disable', client_ids: [idle] })
      const off = await batch({ action: 'disable', client_ids: [client_id, idle] })
      assert.deepEqual(statuses(off), ['changed', 'unchanged'])
      assert.equal(await login(client_id, rest.client_secret), 401)
      assert.ok((await show(client_id)).tokens_revoked_until > 0 && held.length > 0)
      const on = await batch({ action: 'enable', client_ids: [client_id] })
      assert.deepEqual(statuses(on), ['changed'])
      assert.deepEqual((await entriesOf(client_id)).slice(0, 2), [
        'client.enabled',
        'client.disabled',
      ])
      assert.equal(await login(client_id, rest.client_secret), 200)
    })

    it('rotates once under one Idempotency-Key, also when two arrive at once', async () => {
      const client_ids = await make(3)
      const body = { action: 'rotate', overlap_seconds: 60, client_ids }
      const key = { 'idempotency-key': `rotate-${database}` }
      const answers = await Promise.all([batch(body, key), batch(body, key)])
      const secrets = answers.flatMap((answer) =>
        answer.body.results.map((one) => one.client_secret),
      )
      assert.equal(secrets.filter((secret) => typeof secret === 'string').length, 3)
      const again = await batch(body, key)
      assert.deepEqual([again.status, again.replayed], [200, true])
      assert.deepEqual(
        again.body.results.map(({ status, client_secret }) => [status, client_secret]),
        Array(3).fill(['changed', null]),
      )
      for (const id of client_ids) assert.equal((await show(id)).secrets.length, 2)
      // The key is not for another change of the same clients, nor is it lost to single changes.
      const other = await batch({ action: 'disable', client_ids }, key)
      assert.deepEqual(
        other.body.results.map(({ error }) => error?.code),
        Array(3).fill('conflict'),
      )
      const [first] = client_ids
      const single = { overlap_seconds: 60 }
      const alone = await send('POST', `/clients/${first}/secrets/rotate`, single, key)
      assert.equal(alone.status, 201, alone.text)
    })

    it('loses no change that is made at the same time', async () => {
      const client_ids = await make(20)
      const [answer] = await Promise.all([
        batch({ action: 'add_tags', tags: ['fleet'], client_ids }),
        ...client_ids.map((id) => send('PATCH', `/clients/${id}`, { name: `Renamed ${id}` })),
        batch({ action: 'add_tags', tags: ['south'], client_ids: client_ids.toReversed() }),
      ])
      assert.deepEqual(statuses(answer), Array(20).fill('changed'))
      for (const id of client_ids) {
        const { name, tags } = await show(id)
        assert.deepEqual([name, tags.toSorted()], [`Renamed ${id}`, ['fleet', 'south']])
      }
    })

    it('stops where its caller loses access, and returns what was done until then', async () => {
      const audience = `${server.url}/admin/v1`
      const self = await createClient(server, '--org', home, '--audience', audience)
      const connection = openConnection(server.url, 1)
      const authorization = `Bearer ${await accessToken(connection, self)}`
      connection.close()
      const [one, other, third] = (await make(3)) as [string, string, string]
      const client_ids = [one, self.client_id, other, third]
      const answer = await batch({ action: 'disable', client_ids }, { authorization })
      assert.equal(answer.status, 200)
      assert.deepEqual(
        answer.body.results.map(({ status, error }) => [status, error?.code]),
        [
          ['changed', undefined],
          ['changed', undefined],
          ['stopped', 'invalid_token'],
          ['stopped', 'invalid_token'],
        ],
      )
      assert.equal((await show(other)).status, 'active')
      const after = await batch({ action: 'disable', client_ids: [other] }, { authorization })
      assert.equal(after.status, 401)
    })

    it('refuses callers who may only read, and clients with rights the caller lacks', async () => {
      const connection = openConnection(server.url, 2)
      const owner = await signUp(server, connection, { email: 'owner@example.com' })
      const email = 'viewer@example.com'
      const made = await owner.send('POST', '/admin/v1/invitations', { email, role: 'viewer' })
      const invitation = new URL(made.json().link as string).hash.slice(1)
      const viewer = await signUp(server, connection, { email, invitation })
      const [client_id] = await make(1)
      const body = { action: 'disable', client_ids: [client_id] }
      const path = '/admin/v1/clients/batch'
      assert.equal((await viewer.send('POST', path, body)).status, 403)
      assert.equal((await owner.send('POST', path, body)).status, 200)
      connection.close()
      const audience = `${server.url}/admin/v1`
      const scopes = ['--scope', 'clients:read', 'clients:write']
      const weak = await adminToken(server, ['--org', home, ...scopes])
      const strong = await createClient(server, '--org', home, '--audience', audience)
      const attack = { action: 'rotate', overlap_seconds: 0, client_ids: [strong.client_id] }
      const { body: refused } = await batch(attack, { authorization: `Bearer ${weak}` })
      assert.deepEqual(
        refused.results.map(({ status, error, ...rest }) => [status, error?.code, rest]),
        [['refused', 'forbidden', { client_id: strong.client_id }]],
      )
    })

    it('refuses a batch that is malformed, and changes nothing', async () => {
      const [id] = (await make(1)) as [string]
      const hundred = Array.from({ length: 101 }, (_, index) => `client_${index}`)
      for (const [body, why] of [
        [{ action: 'disable', client_ids: [] }, /client_ids/],
        [{ action: 'disable', client_ids: hundred }, /client_ids/],
        [{ action: 'disable', client_ids: [id, id] }, /each client once/],
        [{ action: 'delete', client_ids: [id] }, /action/],
        [{ action: 'disable', client_ids: [id], tags: ['a'] }, /disable takes no tags/],
        [{ action: 'add_tags', client_ids: [id] }, /add_tags needs tags/],
        [{ action: 'add_tags', client_ids: [id], tags: ['a b'] }, /letters, digits/],
        [{ action: 'rotate', client_ids: [id] }, /needs overlap_seconds/],
        [{ action: 'rotate', client_ids: [id], overlap_seconds: -1 }, /overlap_seconds/],
        [{ action: 'rotate', client_ids: [id], overlap_seconds: 1, label: '\u001b' }, /label/],
      ] as const) {
        const answer = await batch(body)
        assert.equal(answer.status, 400, JSON.stringify(body))
        assert.match(answer.body.detail ?? '', why)
      }
      assert.deepEqual(await entriesOf(id), ['client.created'])
    })
  })
}

/** Of RFC 8037, appendix A.2. */
const PUBLIC_X = '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo'
