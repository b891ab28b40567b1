/**
 * Acknowledged reports survive: a server that is killed under load, and started again on the same
 * data, has every report that it answered with 200, and none twice.
 */

import assert from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import { openConnection } from './support/connection.ts'
import { startLoggedIn } from './support/logged-in.ts'
import { accessToken, createClient } from './support/token-requests.ts'
import { assetIds, report, SUCCESS, track } from './support/track-requests.ts'

const CONNECTIONS = 32
const REQUESTS = 1200
/** Acknowledged reports before the server is killed; the others are in progress then. */
const KILL_AFTER = 300

const { server, connection, token } = await startLoggedIn()

/** One asset per request, so that the list of assets shows what was stored. */
const REPORTS = Array.from({ length: REQUESTS }, (_, index) => ({
  body: report(`LOAD-${String(index).padStart(4, '0')}`),
  headers: { 'x-request-id': `load-${index}` },
}))

type Load = (typeof REPORTS)[number]

/** Sends everything at once over 32 connections, and kills the server in between. */
async function trackAndKill(): Promise<{ acknowledged: Load[]; unanswered: Load[] }> {
  const load = openConnection(server.url, CONNECTIONS)
  const acknowledged: Load[] = []
  const unanswered: Load[] = []
  let killed: Promise<void> | undefined
  await Promise.all(
    REPORTS.map(async (one) => {
      try {
        const answer = await track(load, token, one.body, one.headers)
        assert.equal(answer.status, 200, answer.text)
        acknowledged.push(one)
      } catch (error) {
        if (error instanceof assert.AssertionError) throw error
        unanswered.push(one)
      }
      if (acknowledged.length === KILL_AFTER) killed ??= server.kill('SIGKILL')
    }),
  )
  load.close()
  await killed
  return { acknowledged, unanswered }
}

describe('kill -9 in the middle of 32 connections', () => {
  let acknowledged: Load[]
  let unanswered: Load[]

  before(async () => {
    ;({ acknowledged, unanswered } = await trackAndKill())
    await server.restart()
  })

  it('happens under load', () => {
    assert.ok(acknowledged.length >= KILL_AFTER, `${acknowledged.length} acknowledged`)
    assert.ok(unanswered.length >= CONNECTIONS, `${unanswered.length} without an answer`)
  })

  it('loses no acknowledged report', async () => {
    const ids = new Set(await assetIds(connection, token))
    const lost = acknowledged.filter(({ body }) => !ids.has(body.asset_id))
    assert.deepEqual(lost, [])
  })

  it('leaves each asset in the list once', async () => {
    const ids = await assetIds(connection, token, 50)
    assert.equal(new Set(ids).size, ids.length)
  })

  it('leaves every acknowledged request known: its retry is a replay', async () => {
    const retries = openConnection(server.url, CONNECTIONS)
    const answers = await Promise.all(
      acknowledged.map(({ body, headers }) => track(retries, token, body, headers)),
    )
    retries.close()
    for (const answer of answers) {
      assert.deepEqual([answer.status, answer.json()], [200, SUCCESS])
      assert.equal(answer.headers['idempotent-replay'], 'true')
    }
  })

  it('leaves the others to be retried, after which all are stored, once', async () => {
    const retries = openConnection(server.url, CONNECTIONS)
    const answers = await Promise.all(
      unanswered.map(({ body, headers }) => track(retries, token, body, headers)),
    )
    retries.close()
    assert.ok(answers.every((answer) => answer.status === 200))
    const expected = REPORTS.map(({ body }) => body.asset_id)
    assert.deepEqual(await assetIds(connection, token), expected)
  })
})

describe('after a restart on the same data', () => {
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    it(`by ${signal}, keys, clients and tokens are unchanged`, async () => {
      const keys = async (): Promise<string[]> => {
        const jwks = await connection.send({ method: 'GET', path: '/.well-known/jwks.json' })
        return (jwks.json().keys as object[]).map((key) => JSON.stringify(key))
      }
      const client = await createClient(server)
      const published = await keys()
      const old = await accessToken(connection, client)
      await server.restart(signal)
      // Two seconds after a start the next key may be created, which loses nothing.
      const after = await keys()
      assert.ok(published.length > 0)
      assert.deepEqual(
        published.filter((key) => !after.includes(key)),
        [],
      )
      assert.equal((await track(connection, old, report('RESTART'))).status, 200)
      assert.equal(typeof (await accessToken(connection, client)), 'string')
      assert.equal(typeof (await accessToken(connection, server.credentials)), 'string')
    })
  }

  it('the server prints no credentials again', async () => {
    const { client_secret } = server.credentials
    const before = server.output()
    assert.ok(before.includes(client_secret), 'the first start prints them')
    await server.restart()
    const printed = server.output().slice(before.length)
    assert.match(printed, /listen on/)
    assert.ok(!printed.includes(client_secret))
    assert.doesNotMatch(printed, /miot_(dev|prod)_|client_secret/)
  })
})
