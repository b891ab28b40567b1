/** Two instances on one PostgreSQL database act as one service. */

import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import { startPostgres, type TestPostgres } from '@modulariot/platform/testing/postgres'
import { type Answer, type Connection, openConnection } from './support/connection.ts'
import { ASSERTION_TYPE, createKeyClient, signAssertion } from './support/key-client.ts'
import { type Credentials, type RunningServer, startServer } from './support/running-server.ts'
import { revoke } from './support/token-management.ts'
import { accessToken, asForm, asJson, createClient } from './support/token-requests.ts'
import { get, getAsset, report, reportHeaders, track } from './support/track-requests.ts'

const WITHIN_MS = 1000

let postgres: TestPostgres
let first: RunningServer
let second: RunningServer
let one: Connection
let other: Connection

before(async () => {
  postgres = await startPostgres()
  const MIOT_DATABASE_URL = await postgres.createDatabase()
  first = await startServer({ MIOT_DATABASE_URL })
  // A separate data directory would work as well; the encryption key has to be the same.
  const joined = { MIOT_DATA_DIR: first.dataDir, MIOT_ISSUER: first.url }
  second = await startServer({ MIOT_DATABASE_URL, ...joined })
  one = openConnection(first.url)
  other = openConnection(second.url)
})
after(async () => {
  one.close()
  other.close()
  await second.stop()
  await first.stop()
  await postgres.stop()
})

const login = (connection: Connection, credentials: Credentials): Promise<Answer> =>
  connection.send({ path: '/oauth2/token', ...asForm({ ...credentials }) })

/** Repeats the request until the response is as expected, for as long as a change may take. */
async function inTime(status: number, call: () => Promise<Answer>): Promise<void> {
  const deadline = performance.now() + WITHIN_MS
  for (;;) {
    const answer = await call()
    if (answer.status === status) return
    assert.ok(performance.now() < deadline, `${answer.status} ${answer.text}`)
  }
}

describe('two instances on one PostgreSQL database', { timeout: 60_000 }, () => {
  it('accept each other’s tokens, and see each other’s data', async () => {
    const token = await accessToken(one, first.credentials)
    assert.equal((await track(other, token, report('TRUCK-1'))).status, 200)
    assert.equal((await getAsset(one, token, 'TRUCK-1')).status, 200)
  })

  it('recognize a request that the other has stored', async () => {
    const token = await accessToken(one, first.credentials)
    const headers = {
      ...reportHeaders(randomUUID()),
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
    }
    const body = JSON.stringify(report('TRUCK-2'))
    const send = (connection: Connection, text = body) =>
      connection.send({ path: '/v1/asset/track', headers, body: text })
    assert.equal((await send(one)).headers['idempotent-replay'], undefined)
    assert.equal((await send(other)).headers['idempotent-replay'], 'true')
    assert.equal((await send(other, JSON.stringify(report('TRUCK-2')))).status, 409)
    assert.equal((await send(other, JSON.stringify(report('TRUCK-3')))).status, 200)
  })

  it('learn of a disabled client, and of a new one, within a second', async () => {
    const client = await createClient(first)
    for (const connection of [one, other]) {
      assert.equal((await login(connection, client)).status, 200)
    }
    await first.miot(['clients', 'disable', client.client_id])
    for (const connection of [one, other]) await inTime(401, () => login(connection, client))
  })

  it('revoke a token on both, whichever was called', async () => {
    const token = await accessToken(one, first.credentials)
    for (const connection of [one, other]) {
      assert.equal((await get(connection, token, '/v1/assets')).status, 200)
    }
    assert.equal((await revoke(other, first.credentials, token)).status, 200)
    for (const connection of [one, other]) {
      await inTime(401, () => get(connection, token, '/v1/assets'))
    }
  })

  it('accept a client assertion once', async () => {
    const client = await createKeyClient(first, 'EdDSA')
    const { audience } = first.credentials
    for (let round = 0; round < 5; round++) {
      const client_assertion = await signAssertion(client, first.url)
      const message = asForm({
        ...{ grant_type: 'client_credentials', audience, client_assertion },
        client_assertion_type: ASSERTION_TYPE,
      })
      const send = (connection: Connection) =>
        connection.send({ path: '/oauth2/token', ...message })
      const answers = await Promise.all([one, other, one, other].map(send))
      assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 401, 401, 401])
    }
  })

  it('count one quota', async () => {
    const client = await createClient(first, '--tokens-per-day', '7')
    const asked = Array.from({ length: 20 }, (_, turn) => login(turn % 2 ? one : other, client))
    const statuses = (await Promise.all(asked)).map(({ status }) => status)
    assert.equal(statuses.filter((status) => status === 200).length, 7)
    assert.equal(statuses.filter((status) => status === 429).length, 13)
  })

  it('keep one unbroken audit trail while both write to it', async () => {
    const audience = `${first.url}/admin/v1`
    const admin = await createClient(first, '--audience', audience)
    const authorization = `Bearer ${await accessToken(one, admin)}`
    const grants = [{ audience: first.credentials.audience }]
    const made = Array.from({ length: 30 }, (_, turn) =>
      (turn % 2 ? one : other).send({
        path: '/admin/v1/clients',
        ...asJson({ name: `Client ${turn}`, grants }, { authorization }),
      }),
    )
    for (const { status } of await Promise.all(made)) assert.equal(status, 201)
    const { status, stdout } = await first.miot(['audit', 'verify', '--json'])
    assert.equal(status, 0, stdout)
  })

  it('publish the same keys', async () => {
    const sets = await Promise.all(
      [first, second].map(async ({ url }) => (await fetch(`${url}/.well-known/jwks.json`)).text()),
    )
    assert.equal(sets[0], sets[1])
  })
})
