/**
 * Accounts of persons at a real server: the first account, invitations, the operator's commands.
 * Their attacks are tested beside the code (packages/auth/src/http/people).
 */

import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { startPostgres } from '@modulariot/platform/testing/postgres'
import { type RunningServer, startServer } from './support/running-server.ts'

const started: { stop(): Promise<unknown> }[] = []
after(async () => {
  for (const one of started.reverse()) await one.stop()
})

async function start(settings: Parameters<typeof startServer>[0] = {}): Promise<RunningServer> {
  const server = await startServer(settings)
  started.push(server)
  return server
}

const PASSWORD = 'correct horse battery'
const ANA = { email: 'ana@example.com', password: PASSWORD, name: 'Ana' }

/** A browser at the server's own pages. */
function browserAt({ url }: RunningServer) {
  let cookie = ''
  async function send(method: string, path: string, body?: object) {
    const answer = await fetch(url + path, {
      method,
      headers: {
        ...{ 'sec-fetch-site': 'same-origin', cookie },
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    const [set] = answer.headers.getSetCookie()
    if (set !== undefined) cookie = set.split(';', 1)[0] ?? ''
    const text = await answer.text()
    return { status: answer.status, json: JSON.parse(text), set }
  }
  return {
    get: (path: string) => send('GET', path),
    post: (path: string, body: object = {}) => send('POST', path, body),
    cookie: () => cookie,
    copyTo: (other: { take(text: string): void }) => other.take(cookie),
    take(text: string) {
      cookie = text
    },
  }
}

async function miotJson(server: RunningServer, ...args: string[]) {
  const { status, stdout, stderr } = await server.miot([...args, '--json'])
  assert.equal(status, 0, stderr)
  return JSON.parse(stdout)
}

describe('persons at a server on this machine', () => {
  it('the first takes over what the first start made; the operator governs the rest', async () => {
    const server = await start()
    const ana = browserAt(server)
    assert.equal((await ana.get('/people/v1/sign-up')).json.mode, 'first')
    const signedUp = await ana.post('/people/v1/sign-up', { ...ANA, organization_name: 'Acme' })
    assert.equal(signedUp.status, 201)
    assert.match(
      String(signedUp.set),
      /^miot_session=[^;]+; Path=\/; Max-Age=\d+; HttpOnly; SameSite=Lax$/,
    )
    const { clients } = (await ana.get('/admin/v1/clients')).json
    assert.deepEqual(
      clients.map(({ client_id }: { client_id: string }) => client_id),
      [server.credentials.client_id],
    )
    // An invitation of the operator's, used once.
    const invite = ['people', 'invite', '--email', 'bob@example.com', '--role', 'viewer']
    const { link, mailed } = await miotJson(server, ...invite)
    assert.equal(mailed, false)
    const [page, token] = String(link).split('#')
    assert.equal(page, `${server.url}/console/invitation`)
    const bob = browserAt(server)
    const offer = await bob.post('/people/v1/invitations/look-up', { token })
    assert.deepEqual([offer.json.organization_name, offer.json.role], ['Acme', 'viewer'])
    const join = { ...ANA, email: 'bob@example.com', name: 'Bob', invitation: token }
    assert.equal((await bob.post('/people/v1/sign-up', { ...join, email: 'c@d.co' })).status, 403)
    assert.equal((await bob.post('/people/v1/sign-up', join)).status, 201)
    assert.equal((await browserAt(server).post('/people/v1/sign-up', join)).status, 403)
    assert.equal((await bob.get('/admin/v1/clients')).status, 200)
    // Another role counts at once; one owner stays.
    const client = { name: 'Truck', grants: [{ audience: server.credentials.audience }] }
    assert.equal((await bob.post('/admin/v1/clients', client)).status, 403)
    await miotJson(server, 'people', 'role', 'bob@example.com', 'developer')
    assert.equal((await bob.post('/admin/v1/clients', client)).status, 201)
    const last = await server.miot(['people', 'role', ANA.email, 'viewer'])
    assert.deepEqual([last.status, /at least one owner/.test(last.stderr)], [1, true], last.stderr)
    await miotJson(server, 'people', 'remove-member', 'bob@example.com', '--yes')
    assert.equal((await bob.get('/admin/v1/clients')).status, 403)
    assert.equal((await bob.get('/people/v1/session')).status, 200)
    const { entries } = (await ana.get('/admin/v1/audit?limit=3')).json
    assert.deepEqual(
      entries.map(({ action, actor }: { action: string; actor: { kind: string } }) => [
        action,
        actor.kind,
      ]),
      [
        ['member.removed', 'operator'],
        ['client.created', 'person'],
        ['member.role_changed', 'operator'],
      ],
    )
    // Disabled: at once, and the password does not help.
    await miotJson(server, 'people', 'disable', 'bob@example.com')
    assert.equal((await bob.get('/people/v1/session')).status, 401)
    assert.equal((await bob.get('/admin/v1/clients')).status, 401)
    const again = await bob.post('/people/v1/sign-in', { email: join.email, password: PASSWORD })
    assert.equal(again.status, 401)
    await miotJson(server, 'people', 'enable', 'bob@example.com')
    // A link to choose a new password ends the sessions.
    const reset = await miotJson(server, 'people', 'reset-link', 'ana@example.com')
    const [, resetToken] = String(reset.link).split('#')
    const next = { token: resetToken, new_password: 'another battery staple' }
    assert.equal((await browserAt(server).post('/people/v1/password/reset', next)).status, 200)
    assert.equal((await ana.get('/people/v1/session')).status, 401)
    const credentials = { email: ANA.email, password: next.new_password }
    assert.equal((await ana.post('/people/v1/sign-in', credentials)).status, 200)
    // Sessions outlive a restart.
    await server.restart()
    assert.equal((await ana.get('/people/v1/session')).status, 200)
    await miotJson(server, 'people', 'remove', 'bob@example.com', '--yes')
    const { people } = await miotJson(server, 'people', 'list')
    assert.deepEqual(
      people.map(({ email }: { email: string }) => email),
      ['ana@example.com'],
    )
    for (const secret of [PASSWORD, next.new_password, String(resetToken), String(token)]) {
      assert.ok(!server.output().includes(secret), 'nothing secret is logged')
    }
  })

  it('MIOT_CONSOLE=off serves none of it', async () => {
    const server = await start({ MIOT_CONSOLE: 'off' })
    const { status } = await browserAt(server).get('/people/v1/sign-up')
    assert.equal(status, 404)
  })
})

describe('persons at a server behind a proxy', () => {
  it('the first account needs the code that the start printed, which then is of no use', async () => {
    const server = await start({ MIOT_TRUSTED_PROXIES: 'loopback' })
    const [code = ''] = /[0-9A-Z]{4}(-[0-9A-Z]{4}){3}/.exec(server.output()) ?? []
    assert.notEqual(code, '', server.output())
    const ana = browserAt(server)
    assert.equal((await ana.get('/people/v1/sign-up')).json.setup_code_required, true)
    const without = await ana.post('/people/v1/sign-up', ANA)
    assert.equal(without.json.type, 'urn:modulariot:problem:wrong_setup_code')
    assert.equal((await ana.post('/people/v1/sign-up', { ...ANA, setup_code: code })).status, 201)
    const eve = { ...ANA, email: 'eve@example.com', setup_code: code }
    assert.equal((await browserAt(server).post('/people/v1/sign-up', eve)).status, 403)
    const printed = server.output().length
    await server.restart()
    assert.ok(!server.output().slice(printed).includes(code))
  })
})

describe('persons at two servers on one database', () => {
  it('what one ends, the other ends at once', async () => {
    const postgres = await startPostgres()
    started.push(postgres)
    const database = {
      MIOT_DATABASE_URL: await postgres.createDatabase(),
      MIOT_ENCRYPTION_KEY: '7'.repeat(64),
    }
    const one = await start(database)
    const other = await start((url) => ({ ...database, MIOT_ISSUER: one.url ?? url }))
    const [here, there] = [browserAt(one), browserAt(other)]
    assert.equal((await here.post('/people/v1/sign-up', ANA)).status, 201)
    here.copyTo(there)
    assert.equal((await there.get('/people/v1/session')).status, 200)
    await here.post('/people/v1/sign-out')
    assert.equal((await there.get('/people/v1/session')).status, 401)
    await there.post('/people/v1/sign-in', { email: ANA.email, password: PASSWORD })
    there.copyTo(here)
    assert.equal((await here.get('/people/v1/session')).status, 200)
    await miotJson(one, 'people', 'sign-out', ANA.email)
    assert.equal((await there.get('/people/v1/session')).status, 401)
  })
})
