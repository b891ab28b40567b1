/**
 * Revocation and introspection while the store is unavailable: they return 503, and nothing else.
 */

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { startPostgres, type TestPostgres } from '@modulariot/platform/testing/postgres'
import { type Answer, type Connection, openConnection } from './support/connection.ts'
import { resigned } from './support/forged-tokens.ts'
import { type RunningServer, startServer } from './support/running-server.ts'
import { introspect, revoke } from './support/token-management.ts'
import { accessToken } from './support/token-requests.ts'
import { get } from './support/track-requests.ts'

let postgres: TestPostgres
let server: RunningServer
let connection: Connection

before(async () => {
  postgres = await startPostgres()
  server = await startServer({ MIOT_DATABASE_URL: await postgres.createDatabase() })
  connection = openConnection(server.url)
})
after(async () => {
  connection?.close()
  await server?.stop()
  await postgres?.stop()
})

/** Repeats the request until the store is back; the connection’s own timeout ends it. */
async function whenBack(send: () => Promise<Answer>): Promise<Answer> {
  const deadline = performance.now() + 20_000
  for (;;) {
    const answer = await send()
    if (answer.status !== 503) return answer
    assert.ok(performance.now() < deadline, answer.text)
  }
}

function assertUnavailable(answer: Answer): void {
  assert.equal(answer.status, 503, answer.text)
  assert.equal(answer.json().error, 'temporarily_unavailable')
  assert.ok(Number(answer.headers['retry-after']) > 0)
}

describe('while the database is unavailable', { timeout: 120_000 }, () => {
  it('no token is reported as revoked, active or inactive; afterwards all responses are right', async () => {
    const { credentials } = server
    const token = await accessToken(connection, credentials)
    assert.equal((await introspect(connection, credentials, token)).json().active, true)
    await postgres.kill('SIGKILL')
    assertUnavailable(await revoke(connection, credentials, token))
    assertUnavailable(await introspect(connection, credentials, token))
    // Another instance may have created this key in between.
    const unknown = await resigned(token, { kid: 'made-elsewhere' })
    assertUnavailable(await revoke(connection, credentials, unknown))
    assertUnavailable(await introspect(connection, credentials, unknown))
    await postgres.restart()
    assert.equal((await whenBack(() => revoke(connection, credentials, unknown))).status, 200)
    const found = await whenBack(() => introspect(connection, credentials, token))
    assert.equal(found.json().active, true, 'what was not revoked')
    const revoked = await whenBack(() => revoke(connection, credentials, token))
    assert.equal(revoked.status, 200)
    // Within a second, even if the listening connection is only just restored.
    const deadline = performance.now() + 10_000
    const send = () => whenBack(() => get(connection, token, '/v1/assets'))
    while ((await send()).status === 200) assert.ok(performance.now() < deadline, 'still accepted')
    assert.equal((await send()).status, 401)
    assert.deepEqual((await introspect(connection, credentials, token)).json(), { active: false })
  })

  it('a hanging database does not delay responses', async () => {
    const { credentials } = server
    const token = await accessToken(connection, credentials)
    await postgres.kill('SIGSTOP')
    try {
      assertUnavailable(await introspect(connection, credentials, token))
      assertUnavailable(await revoke(connection, credentials, token))
    } finally {
      await postgres.kill('SIGCONT')
    }
    assert.equal((await whenBack(() => revoke(connection, credentials, token))).status, 200)
  })
})
