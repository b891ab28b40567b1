/**
 * Which requests still work while the database is unavailable (stopped, hanging, back again).
 *
 * Guarantee: a known client gets tokens, an unknown one gets 503 in less than a second, tokens are
 * still verified, no write is acknowledged, `/readyz` shows the state, and the server recovers on
 * its own. Run with `--quick` for a shorter load.
 */

import assert from 'node:assert/strict'
import { setTimeout as wait } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { startPostgres } from '@modulariot/platform/testing/postgres'
import { type Connection, openConnection } from '../conformance/support/connection.ts'
import { type Credentials, startServer } from '../conformance/support/running-server.ts'
import { introspect, revoke } from '../conformance/support/token-management.ts'
import { accessToken, asForm, asJson, createClient } from '../conformance/support/token-requests.ts'
import { report, track } from '../conformance/support/track-requests.ts'

const { values } = parseArgs({ options: { quick: { type: 'boolean', default: false } } })
const LOAD_MS = values.quick ? 1500 : 10_000
const REFUSED_WITHIN_MS = 1000
const HEALED_WITHIN_MS = 10_000

const print = (text: string): void => void process.stdout.write(`${text}\n`)

const postgres = await startPostgres()
const server = await startServer({
  MIOT_DATABASE_URL: await postgres.createDatabase(),
  MIOT_LOG_LEVEL: 'silent',
})
const connection = openConnection(server.url, 8)

const login = (credentials: Credentials) =>
  connection.send({ path: '/oauth2/token', ...asForm({ ...credentials }) })
const ready = async (path = '') => {
  const { status, text } = await connection.send({ method: 'GET', path: `/readyz${path}` })
  return `${status} ${JSON.parse(text).status}`
}

async function eventually(what: string, holds: () => Promise<boolean>): Promise<void> {
  const began = performance.now()
  while (!(await holds())) {
    assert.ok(performance.now() - began < HEALED_WITHIN_MS, `${what}, in ${HEALED_WITHIN_MS} ms`)
    await wait(20)
  }
  print(`  ${what} after ${Math.round(performance.now() - began)} ms`)
}

/** Milliseconds until the response, with its status. */
async function timed(request: () => Promise<{ status: number; headers: object }>) {
  const began = performance.now()
  const { status, headers } = await request()
  return { status, headers: headers as Record<string, string>, ms: performance.now() - began }
}

try {
  const known = server.credentials
  const unknown = await createClient(server)
  const admin = await createClient(server, '--audience', `${server.url}/admin/v1`)
  const adminToken = await accessToken(connection, admin)
  const token = await accessToken(connection, known)
  assert.equal((await track(connection, token, report('TRUCK-1'))).status, 200)
  assert.equal(await ready(), '200 ok')

  for (const [how, signal] of [
    ['killed', 'SIGKILL'],
    ['hanging', 'SIGSTOP'],
  ] as const) {
    // Changes arrive within a second, and a changed client is unknown until its next request.
    await wait(1000)
    assert.equal((await login(known)).status, 200)
    print(`PostgreSQL ${how}:`)
    await postgres.kill(signal)
    await duringOutage(connection, { known, unknown, adminToken, token })
    if (signal === 'SIGKILL') await postgres.restart()
    else await postgres.kill('SIGCONT')
    print('back again:')
    await eventually('ready', async () => (await ready()) === '200 ok')
    await eventually(
      'an unknown client gets its token',
      async () => (await login(unknown)).status === 200,
    )
    await eventually(
      'reports are kept',
      async () => (await track(connection, token, report('TRUCK-1'))).status === 200,
    )
    // It has been looked up and is known now; the next outage needs an unknown client.
    await server.miot(['clients', 'update', unknown.client_id, '--tag', how])
  }
  print('all guarantees hold')
} finally {
  connection.close()
  await server.stop()
  await postgres.stop()
}

interface Cast {
  readonly known: Credentials
  readonly unknown: Credentials
  readonly adminToken: string
  readonly token: string
}

async function duringOutage(
  on: Connection,
  { known, unknown, adminToken, token }: Cast,
): Promise<void> {
  // 1. Known clients, under load, the whole time.
  const until = performance.now() + LOAD_MS
  const load = Array.from({ length: 4 }, async () => {
    let logins = 0
    while (performance.now() < until) {
      const { status, text } = await login(known)
      assert.equal(status, 200, `a known client: ${text}`)
      logins++
    }
    return logins
  })
  // 2. At the same time: unknown clients, and requests that have to write.
  const authorization = `Bearer ${adminToken}`
  const refused: Readonly<Record<string, () => Promise<{ status: number; headers: object }>>> = {
    'a login of an unknown client': () => login(unknown),
    'a revocation': () => revoke(on, known, token),
    'an introspection': () => introspect(on, known, token),
    'an admin’s change': () =>
      on.send({
        path: '/admin/v1/clients',
        ...asJson({ name: 'x', grants: [{ audience: known.audience }] }, { authorization }),
      }),
    'a report': () => track(on, token, report('TRUCK-1')),
  }
  for (const [what, request] of Object.entries(refused)) {
    const { status, headers, ms } = await timed(request)
    print(`  ${what}: ${status}, Retry-After ${headers['retry-after']}, ${Math.round(ms)} ms`)
    assert.equal(status, 503, what)
    assert.ok(Number(headers['retry-after']) > 0, `${what}: Retry-After`)
    if (what.startsWith('a login')) assert.ok(ms < REFUSED_WITHIN_MS, `${what} took ${ms} ms`)
  }
  // 3. Verification continues: a valid token reaches the store, an invalid one does not.
  assert.equal((await track(on, `${token}x`, report('TRUCK-1'))).status, 401)
  // 4. `/readyz` shows the state.
  assert.equal(await ready(), '503 unavailable')
  assert.equal(await ready('/auth'), '200 degraded')
  const logins = (await Promise.all(load)).reduce((sum, count) => sum + count, 0)
  print(`  ${logins} logins of a known client, none refused; /readyz showed the state`)
}
