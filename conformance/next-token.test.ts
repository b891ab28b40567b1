/**
 * What an owner sees of a client before its next login: the contents of its next token, and the
 * addresses that an allowlist would let in. Both are compared with what logins then get.
 */

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { startPostgres, type TestPostgres } from '@modulariot/platform/testing/postgres'
import { createAdminClient, type ModularIoTAdmin } from '@modulariot/sdk/admin'
import { type Answer, type Connection, openConnection } from './support/connection.ts'
import { signUp } from './support/person.ts'
import {
  type Credentials,
  type RunningServer,
  runMiot,
  startServer,
} from './support/running-server.ts'
import { asJson, createClient } from './support/token-requests.ts'
import { until } from './support/until.ts'

for (const database of ['SQLite', 'PostgreSQL'] as const) {
  describe(`the next login of a client (${database})`, () => testOn(database))
}

function testOn(database: 'SQLite' | 'PostgreSQL'): void {
  let postgres: TestPostgres | null = null
  let server: RunningServer
  let connection: Connection
  let admin: ModularIoTAdmin
  let administrator: Credentials
  let api: string

  before(async () => {
    if (database === 'PostgreSQL') postgres = await startPostgres()
    const url = await postgres?.createDatabase()
    const settings = { MIOT_TRUSTED_PROXIES: '127.0.0.1' }
    server = await startServer({
      ...settings,
      ...(url !== undefined && { MIOT_DATABASE_URL: url }),
    })
    connection = openConnection(server.url)
    api = server.credentials.audience
    ;({ administrator, admin } = await newAdmin())
  })
  after(async () => {
    connection?.close()
    await server?.stop()
    await postgres?.stop()
  })

  async function newAdmin(...options: string[]) {
    const audience = `${server.url}/admin/v1`
    const administrator = await createClient(server, '--audience', audience, ...options)
    const { client_id, client_secret } = administrator
    const made = createAdminClient({ issuer: server.url, client_id, client_secret })
    return { administrator, admin: made }
  }

  const login = (credentials: object, address = '203.0.113.5'): Promise<Answer> =>
    connection.send({
      path: '/api/v1/login',
      ...asJson(credentials, { 'x-forwarded-for': address }),
    })

  it('gets the token that was shown, in all that does not differ in each token', async () => {
    const client = await createClient(server, '--allow', '203.0.113.0/24', '--tag', 'shown')
    const { client_id } = client
    const { scopes } = (await admin.audiences.list()).find(({ audience }) => audience === api) ?? {}
    for (const scope of [undefined, scopes?.[0] as string]) {
      const { token, refusal } = await admin.clients.nextToken(client_id, { audience: api, scope })
      const answer = await login({ ...client, ...(scope !== undefined && { scope }) })
      assert.equal(answer.status, 200, answer.text)
      const { access_token, expires_in } = answer.json()
      const [header, claims] = String(access_token).split('.').slice(0, 2).map(decoded)
      assert.ok(token !== null && refusal === null && claims !== undefined)
      assert.deepEqual(token.header, header)
      assert.deepEqual(token.examples, ['exp', 'iat', 'jti'])
      const same = (all: object) =>
        Object.entries(all).filter(([name]) => !token.examples.includes(name))
      assert.deepEqual(same(token.claims), same(claims))
      assert.deepEqual(Object.keys(token.claims), Object.keys(claims))
      assert.equal(token.expires_in, expires_in)
      assert.equal(token.claims.exp - token.claims.iat, expires_in)
      assert.deepEqual(token.claims.allowed_addresses, ['203.0.113.0/24'])
    }
  })

  it('is refused as was shown', async () => {
    const client = await createClient(server)
    const { client_id } = client
    const other = await createClient(server)
    await admin.clients.disable(other.client_id)
    const several = await createClient(server)
    const grants = [{ audience: api }, { audience: `${server.url}/admin/v1` }]
    await admin.clients.update(several.client_id, { grants })
    const ended = await createClient(server)
    const [secret] = await admin.secrets.list(ended.client_id)
    await admin.secrets.revoke(ended.client_id, secret?.secret_id as string)
    const cases: readonly (readonly [
      string,
      Credentials,
      { audience?: string; scope?: string },
    ])[] = [
      ['audience_not_granted', client, { audience: 'https://elsewhere.example' }],
      ['scope_not_granted', client, { audience: api, scope: 'asset:track:erase' }],
      ['malformed_request', client, { audience: api, scope: '"' }],
      ['client_disabled', other, { audience: api }],
      ['missing_parameter', several, {}],
      ['wrong_secret', ended, { audience: api }],
    ]
    for (const [kind, { audience: _, ...credentials }, request] of cases) {
      const shown = await admin.clients.nextToken(credentials.client_id, request)
      const answer = await login({ ...credentials, ...request })
      assert.deepEqual(shown, {
        token: null,
        refusal: { kind, status: answer.status, ...answer.json() },
      })
    }
    assert.notEqual((await admin.clients.nextToken(client_id)).token, null)
  })

  it('comes from an address that is listed, also when it was refused for it', async () => {
    const client = await createClient(server, '--allow', '203.0.113.0/24')
    const { client_id } = client
    assert.deepEqual(await admin.clients.addresses(client_id), [])
    assert.equal((await login(client, '203.0.113.5')).status, 200)
    assert.equal((await login(client, '::ffff:203.0.113.5')).status, 200)
    assert.equal((await login(client, '2001:db8::7')).status, 403)
    // The secret is not right: who guesses leaves no address.
    const { client_secret } = await createClient(server)
    assert.equal((await login({ ...client, client_secret }, '198.51.100.1')).status, 401)
    const found = await until(async () => {
      const all = await admin.clients.addresses(client_id)
      return all.length === 2 ? all : undefined
    })
    const logins = Object.fromEntries(found.map(({ address, logins }) => [address, logins]))
    assert.deepEqual(logins, { '203.0.113.5': 2, '2001:db8::7': 1 })
    assert.ok(found.every((one) => one.first_seen_at <= one.last_seen_at))

    const list = ['--allowlist', '2001:db8::/32,::ffff:198.51.100.0/120']
    for (const url of [[], ['--url', server.url]]) {
      const judged = await miot(...url, 'clients', 'addresses', client_id, ...list)
      const verdicts = (judged.addresses as { address: string; allowed: boolean }[]).map(
        ({ address, allowed }) => [address, allowed],
      )
      assert.deepEqual(Object.fromEntries(verdicts), { '203.0.113.5': false, '2001:db8::7': true })
    }
    const table = await server.miot(['clients', 'addresses', client_id, ...list, '--no-json'])
    assert.match(table.stdout, /refuses +2 .* 203\.0\.113\.5\n/)
    const bad = await server.miot(['clients', 'addresses', client_id, '--allowlist', '10.0.0.0/33'])
    assert.equal(bad.status, 2)
    assert.match(bad.stderr, /10\.0\.0\.0\/33 is not an address range/)
  })

  it('is shown by miot, here and over the network', async () => {
    const { client_id } = await createClient(server)
    const preview = ['token', 'preview', client_id, '--audience', api]
    const [here, there] = [await miot(...preview), await miot('--url', server.url, ...preview)]
    for (const one of [here, there]) {
      for (const name of one.token.examples) delete one.token.claims[name]
    }
    assert.deepEqual(here, there)
    assert.equal(here.token.claims.client_id, client_id)
    const text = await server.miot([...preview, '--no-json'])
    assert.match(text.stdout, /header\n.*alg +RS256\n.*claims\n.*jti +\S+ \(example\)\n/s)
    assert.match(text.stdout, /exp +\d+ \(20\d\d-\d\d-\d\d \d\d:\d\d:\d\dZ\)/)
    const refused = await server.miot([...preview, '--scope', 'none', '--no-json'])
    assert.equal(refused.status, 0, refused.stderr)
    assert.match(refused.stdout, /error +access_denied\n.*reason +scope_not_granted\n/s)
  })

  it('is nothing to other tenants, and to those without the scope', async () => {
    const { client_id } = await createClient(server)
    const { admin: stranger } = await newAdmin('--environment', 'production')
    const { admin: poor } = await newAdmin('--scope', 'clients:write')
    for (const [who, status] of [
      [stranger, 404],
      [poor, 403],
    ] as const) {
      await assert.rejects(who.clients.addresses(client_id), { status })
      await assert.rejects(who.clients.nextToken(client_id), { status })
    }
    await assert.rejects(admin.clients.nextToken('client_none'), { status: 404 })
  })

  it('is shown to a viewer, as the client itself is', async () => {
    const { client_id } = await createClient(server)
    const [setup_code = ''] = /[0-9A-Z]{4}(-[0-9A-Z]{4}){3}/.exec(server.output()) ?? []
    const owner = await signUp(server, connection, { email: 'owner@example.com', setup_code })
    const invitations = '/admin/v1/invitations'
    const invited = { email: 'viewer@example.com', role: 'viewer' }
    const link = (await owner.send('POST', invitations, invited)).json().link as string
    const invitation = new URL(link).hash.slice(1)
    const viewer = await signUp(server, connection, { email: invited.email, invitation })
    for (const what of ['addresses', 'next-token']) {
      const path = `/admin/v1/clients/${client_id}/${what}`
      const answer = await viewer.send('GET', path)
      assert.equal(answer.status, 200, answer.text)
      const production = { 'miot-environment': 'production' }
      assert.equal((await viewer.send('GET', path, undefined, production)).status, 404)
    }
  })

  /** The JSON output of a command that must succeed. */
  async function miot(...args: string[]) {
    const remote = args.includes('--url')
    const { client_id, client_secret } = administrator
    const env = { MIOT_CLIENT_ID: client_id, MIOT_CLIENT_SECRET: client_secret }
    const result = remote
      ? await runMiot(['--json', ...args], { env: { MIOT_DATA_DIR: server.dataDir, ...env } })
      : await server.miot(['--json', ...args])
    assert.equal(result.status, 0, result.stderr)
    return JSON.parse(result.stdout)
  }
}

function decoded(segment: string): object {
  return JSON.parse(Buffer.from(segment, 'base64url').toString())
}
