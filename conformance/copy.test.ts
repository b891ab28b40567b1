/** `miot copy`: an installation moves to PostgreSQL and back, without an effect on clients. */

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, describe, it } from 'node:test'
import { startPostgres, type TestPostgres } from '@modulariot/platform/testing/postgres'
import { type Answer, type Connection, openConnection } from './support/connection.ts'
import { ASSERTION_TYPE, createKeyClient, signAssertion } from './support/key-client.ts'
import { personOf, signUp } from './support/person.ts'
import {
  type MiotResult,
  type RunningServer,
  runMiot,
  startServer,
} from './support/running-server.ts'
import { asForm } from './support/token-requests.ts'
import { assetIds, track } from './support/track-requests.ts'

const ASSETS = ['TRUCK-1', 'Ünï \u0001 😀']
/** Needs 17 digits. */
const INEXACT = 0.1 + 0.2
const GRANTS = ['--audience', 'https://iot.streamhub.cl/v1/asset/track']

let postgres: TestPostgres
let url: string
let server: RunningServer
let issuer: string
/** The first data directory, and the one it returns to. */
let first: string
let last: string
let tokenFromBefore: string
/** The cookie of a person's session. */
let cookieFromBefore: string
/** Used once, with a jti that PostgreSQL cannot store as text. */
let assertionFromBefore: string

before(async () => {
  first = mkdtempSync(join(tmpdir(), 'miot-copy-'))
  last = mkdtempSync(join(tmpdir(), 'miot-copy-'))
  // It rounds numbers to 15 digits where a connection does not ask for all of them.
  postgres = await startPostgres(['extra_float_digits=0'])
  url = await postgres.createDatabase()
  server = await startServer({ MIOT_DATA_DIR: first })
  issuer = server.url
  await miotOk('clients', 'create', '--name', 'Second "one"', ...GRANTS)
  tokenFromBefore = await login()
  for (const asset_id of ASSETS) await report(asset_id)
  cookieFromBefore = await talk(async (connection) => {
    const person = await signUp(server, connection, { email: 'owner@example.com' })
    const body = { email: 'new@example.com', role: 'viewer' }
    assert.equal((await person.send('POST', '/admin/v1/invitations', body)).status, 201)
    return person.cookie
  })
  const client = await createKeyClient(server, 'EdDSA')
  const exp = Math.floor(Date.now() / 1000) + 300
  assertionFromBefore = await signAssertion(client, issuer, { jti: 'a\0b', exp })
  assert.equal((await loginWith(assertionFromBefore)).status, 200)
})
after(async () => {
  await server?.stop()
  await postgres?.stop()
  for (const folder of [first, last]) rmSync(folder, { recursive: true, force: true })
})

async function miotOk(...args: string[]): Promise<unknown> {
  const { status, stdout, stderr } = await server.miot([...args, '--json'])
  assert.equal(status, 0, stderr)
  return JSON.parse(stdout)
}

async function login(): Promise<string> {
  const response = await fetch(`${server.url}/api/v1/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(server.credentials),
  })
  assert.equal(response.status, 200)
  return ((await response.json()) as { access_token: string }).access_token
}

const loginWith = (client_assertion: string): Promise<Answer> =>
  talk((connection) => {
    const { audience } = server.credentials
    const message = {
      ...{ grant_type: 'client_credentials', audience, client_assertion },
      client_assertion_type: ASSERTION_TYPE,
    }
    return connection.send({ path: '/oauth2/token', ...asForm(message) })
  })

/** Opened for each use, since the server changes. */
async function talk<Result>(work: (connection: Connection) => Promise<Result>): Promise<Result> {
  const connection = openConnection(server.url)
  try {
    return await work(connection)
  } finally {
    connection.close()
  }
}

const report = (asset_id: string): Promise<void> =>
  talk(async (connection) => {
    const timestamp = new Date().toISOString()
    const body = {
      ...{ asset_id, timestamp, type: 'a\u0001b' },
      gps: { latitude: -INEXACT, longitude: INEXACT * 3 },
      metrics: { schema: 'miot.metrics@1.0', items: [{ k: 'engine.rpm', v: INEXACT }] },
      // PostgreSQL cannot store this text, only an escaped form.
      events: [{ event_type: 'moved', timestamp, note: 'a\0b' }],
      note: 'c\0d',
    }
    const { status, text } = await track(connection, tokenFromBefore, body)
    assert.equal(status, 200, text)
  })

async function read<Answer>(path: string): Promise<Answer> {
  const authorization = `Bearer ${tokenFromBefore}`
  const response = await fetch(server.url + path, { headers: { authorization } })
  return (await response.json()) as Answer
}

/** The members and the invitations that a session from before sees. */
const peopleSeen = (): Promise<string> =>
  talk(async (connection) => {
    const send = personOf(server.url, connection, cookieFromBefore)
    const [members, invitations] = await Promise.all([
      send('GET', '/admin/v1/members'),
      send('GET', '/admin/v1/invitations'),
    ])
    assert.equal(members.status, 200, members.text)
    return members.text + invitations.text
  })

/** The assets of the token's tenant. */
const assetsSeenWith = (token: string): Promise<string[]> =>
  talk((connection) => assetIds(connection, token))

const copy = (from: string, to: string): Promise<MiotResult> =>
  runMiot(['copy', '--from', from, '--to', to, '--json'])

/** Moves the server, too. It keeps its name, which its tokens contain. */
async function serveFrom(database: string): Promise<void> {
  server = await startServer({
    MIOT_DATA_DIR: first,
    MIOT_DATABASE_URL: database,
    MIOT_ISSUER: issuer,
  })
}

describe('miot migrate', () => {
  it('prints the versions before and after, and changes nothing the second time', async () => {
    const env = { MIOT_DATABASE_URL: await postgres.createDatabase(), MIOT_DATA_DIR: last }
    const runs = [
      await runMiot(['migrate', '--json'], { env }),
      await runMiot(['migrate', '--json'], { env }),
    ]
    const [made, again] = runs.map(({ stdout }) => JSON.parse(stdout).stores)
    for (const [index, store] of ['auth', 'telemetry'].entries()) {
      const { to } = made[index]
      assert.deepEqual(made[index], { store, from: 0, to })
      assert.ok(to > 0)
      assert.deepEqual(again[index], { store, from: to, to })
    }
    assert.doesNotMatch(JSON.stringify(runs), new RegExp(new URL(env.MIOT_DATABASE_URL).password))
  })
})

describe('miot copy', () => {
  it('refuses while the server runs, and says what to do', async () => {
    const { status, stderr } = await copy(`sqlite:${first}`, url)
    assert.equal(status, 1)
    assert.match(stderr, /is in use: stop every miot serve on it first/)
  })

  it('refuses a URL that is not a database, without repeating it', async () => {
    for (const bad of ['postgres://miot:hush@x', 'mysql://hush']) {
      const { status, stderr } = await copy(`sqlite:${first}`, bad)
      assert.equal(status, 2)
      assert.match(stderr, /--to (must|cannot)/)
      assert.doesNotMatch(stderr, /hush/)
    }
    const { status } = await copy(`sqlite:${join(last, 'nowhere')}`, url)
    assert.equal(status, 3)
  })

  it('moves to PostgreSQL, where old secrets and old tokens keep working', async () => {
    const people = await peopleSeen()
    assert.match(people, /owner@example\.com.*new@example\.com/s)
    await server.kill('SIGTERM')
    const { status, stdout, stderr } = await copy(`sqlite:${first}`, url)
    assert.equal(status, 0, stderr)
    const { tables } = JSON.parse(stdout) as { tables: { table: string; rows: number }[] }
    const rowsOf = (name: string) => tables.find(({ table }) => table === name)?.rows
    assert.equal(rowsOf('clients'), 3)
    for (const name of ['observations', 'requests', 'positions', 'metrics', 'events']) {
      assert.equal(rowsOf(name), ASSETS.length, name)
    }
    await serveFrom(url)
    for (const token of [tokenFromBefore, await login()]) {
      assert.deepEqual(await assetsSeenWith(token), ASSETS)
    }
    const { latest } = await read<{ latest: { note: string } }>(`/v1/assets/${ASSETS[0]}`)
    assert.equal(latest.note, 'c\0d')
    const { events } = await read<{ events: { note: string }[] }>('/v1/events')
    assert.equal(events[0]?.note, 'a\0b')
    assert.equal((await loginWith(assertionFromBefore)).status, 401, 'used before the move')
    assert.equal(await peopleSeen(), people)
    assert.deepEqual(((await miotOk('audit', 'verify')) as { ok: boolean }).ok, true)
  })

  it('refuses a target with data, and one that a server uses', async () => {
    const inUse = await copy(`sqlite:${first}`, url)
    assert.match(inUse.stderr, /is in use: stop every miot serve on it first/)
    await server.kill('SIGTERM')
    const full = await copy(`sqlite:${first}`, url)
    assert.equal(full.status, 1)
    assert.match(full.stderr, /is not empty \(auth\.organizations has 1 rows already\)/)
  })

  it('moves back with all later data, with identical rows', async () => {
    await serveFrom(url)
    await miotOk('clients', 'create', '--name', 'Third', ...GRANTS)
    await report('VAN-1')
    await server.kill('SIGTERM')
    const back = await copy(url, `sqlite:${last}`)
    assert.equal(back.status, 0, back.stderr)
    await serveFrom(`sqlite:${last}`)
    for (const token of [tokenFromBefore, await login()]) {
      assert.deepEqual(await assetsSeenWith(token), [
        ...ASSETS.slice(0, 1),
        'VAN-1',
        ...ASSETS.slice(1),
      ])
    }
    await server.kill('SIGTERM')
    using before = new DatabaseSync(join(first, 'auth.db'))
    using now = new DatabaseSync(join(last, 'auth.db'))
    const trail = 'SELECT seq, entry, hash FROM audit ORDER BY seq'
    const old = before.prepare(trail).all()
    assert.ok(old.length > 3)
    assert.deepEqual(now.prepare(trail).all().slice(0, old.length), old)
    const same = ['organizations', 'audiences', 'signing_keys', 'people', 'people_accounts']
    for (const table of [...same, 'people_sessions', 'members', 'invitations']) {
      const all = `SELECT * FROM ${table} ORDER BY 1`
      assert.deepEqual(now.prepare(all).all(), before.prepare(all).all(), table)
    }
    assert.equal(now.prepare('SELECT count(*) AS n FROM clients').get()?.n, 4)
    using telemetry = new DatabaseSync(join(last, 'telemetry.db'))
    for (const [sql, numbers] of [
      ['SELECT latitude, longitude FROM positions', [-INEXACT, INEXACT * 3]],
      ['SELECT number FROM metrics', [INEXACT]],
    ] as const) {
      const rows = telemetry.prepare(sql).all()
      assert.equal(rows.length, ASSETS.length + 1)
      for (const row of rows) assert.deepEqual(Object.values(row), numbers)
    }
  })
})
