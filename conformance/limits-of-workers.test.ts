/**
 * What several workers keep in memory holds for all of them together: a guesser, or a client that
 * opens too many streams, gains nothing by reaching every worker, and a client that one of them
 * knows is served by all while the database is away.
 */

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { startPostgres } from '@modulariot/platform/testing/postgres'
import { type Connection, openConnection } from './support/connection.ts'
import { type Credentials, type RunningServer, startServer } from './support/running-server.ts'
import { accessToken, asForm, createClient } from './support/token-requests.ts'
import { until } from './support/until.ts'
import { untilComplete, workerPids } from './support/workers.ts'

const WORKERS = 2
/** New connections go to the workers in turn. */
const CONNECTIONS = 4

/** What one worker allows at once of wrong secrets for a client from an address (ADR 12). */
const FAILURES_AT_ONCE = 60
/** One comes back each second. */
const BACK_PER_SECOND = 1
/** Streams of one client. */
const MAX_STREAMS = 20

/** Open at the same time, so that each worker has some. */
async function connectionsTo(server: RunningServer): Promise<Connection[]> {
  const connections = Array.from({ length: CONNECTIONS }, () => openConnection(server.url))
  await Promise.all(connections.map((one) => one.send({ method: 'GET', path: '/livez' })))
  return connections
}

async function login(over: Connection, credentials: Credentials): Promise<number> {
  return (await over.send({ path: '/oauth2/token', ...asForm({ ...credentials }) })).status
}

describe('the limits of several workers', { timeout: 120_000 }, () => {
  let server: RunningServer
  let connections: Connection[]

  before(async () => {
    server = await startServer({ MIOT_WORKERS: String(WORKERS) })
    connections = await connectionsTo(server)
  })
  after(async () => {
    for (const connection of connections) connection.close()
    await server.stop()
  })

  const connection = (turn: number): Connection => connections[turn % CONNECTIONS] as Connection

  it('admit as many guesses as one worker, and let the right secret pass at each', async () => {
    const client = await createClient(server)
    const wrong = { ...client, client_secret: client.client_secret.replace(/.{4}$/, 'AAAA') }
    // One worker learns of the secret, and tells the others.
    assert.equal(await login(connection(0), client), 200)
    const start = performance.now()
    const guesses = 4 * FAILURES_AT_ONCE
    let admitted = 0
    for (let turn = 0; turn < guesses; turn++) {
      if ((await login(connection(turn), wrong)) === 401) admitted++
    }
    const seconds = (performance.now() - start) / 1000
    // Without telling each other, each worker would admit as many.
    const most = 1.5 * FAILURES_AT_ONCE + BACK_PER_SECOND * seconds
    assert.ok(admitted >= FAILURES_AT_ONCE && admitted < most, `${admitted} of ${guesses}`)
    for (const one of connections) {
      await until(async () => ((await login(one, client)) === 200 ? true : undefined))
    }
  })

  it('hold at a worker that replaces another', async () => {
    const client = await createClient(server)
    const wrong = { ...client, client_secret: client.client_secret.replace(/.{4}$/, 'AAAA') }
    assert.equal(await login(connection(0), client), 200)
    const start = performance.now()
    for (let turn = 0; turn < 2 * FAILURES_AT_ONCE; turn++) await login(connection(turn), wrong)
    const killed = workerPids(server)[1] as number
    process.kill(killed, 'SIGKILL')
    await until(async () => (workerPids(server)[1] === killed ? undefined : true))
    await untilComplete(server)
    for (const one of connections) one.close()
    connections = await connectionsTo(server)
    let admitted = 0
    for (let turn = 0; turn < FAILURES_AT_ONCE; turn++) {
      if ((await login(connection(turn), wrong)) === 401) admitted++
    }
    const seconds = (performance.now() - start) / 1000
    // A worker that knew nothing would admit its half of them.
    assert.ok(admitted < BACK_PER_SECOND * seconds + 5, `${admitted} in ${seconds} s`)
    for (const one of connections) assert.equal(await login(one, client), 200)
  })

  it('see a client that does not cache its token, at each worker that it reaches', async () => {
    const client = await createClient(server)
    const logins = 2 * CONNECTIONS
    for (let turn = 0; turn < logins; turn++) {
      assert.equal(await login(connection(turn), client), 200)
    }
    const counted = await until(async () => {
      const { stdout } = await server.miot(['clients', 'usage', client.client_id, '--json'])
      const usage = JSON.parse(stdout) as { tokens_issued: number; tokens_early: number }
      const isComplete = usage.tokens_issued === logins && usage.tokens_early >= logins - 1
      return isComplete ? usage : undefined
    })
    assert.equal(counted.tokens_early, logins - 1)
  })

  it('give a client as many streams as one worker, until it closes one', async () => {
    const client = await createClient(server)
    const authorization = `Bearer ${await accessToken(connection(0), client)}`
    const opened: { controller: AbortController; response: Response }[] = []
    async function open(): Promise<number> {
      const controller = new AbortController()
      const { signal } = controller
      const response = await fetch(`${server.url}/v1/assets/stream`, {
        headers: { authorization },
        signal,
      })
      if (response.status === 200) opened.push({ controller, response })
      else await response.body?.cancel()
      return response.status
    }
    for (let turn = 0; turn < WORKERS * MAX_STREAMS; turn++) await open()
    const { length } = opened
    assert.ok(length >= MAX_STREAMS && length < 1.5 * MAX_STREAMS, `${length} streams`)
    for (let turn = 0; turn < CONNECTIONS; turn++) assert.equal(await open(), 429)
    for (const { controller } of opened.splice(0, length - MAX_STREAMS + 1)) controller.abort()
    await until(async () => ((await open()) === 200 ? true : undefined))
    for (const { controller } of opened) controller.abort()
  })
})

describe('several workers without their database', { timeout: 120_000 }, () => {
  it('serve a client that has logged in at one of them, and no other', async (t) => {
    const postgres = await startPostgres()
    t.after(() => postgres.stop())
    const MIOT_DATABASE_URL = await postgres.createDatabase()
    const server = await startServer({ MIOT_DATABASE_URL, MIOT_WORKERS: String(WORKERS) })
    t.after(() => server.stop())
    const connections = await connectionsTo(server)
    t.after(() => {
      for (const one of connections) one.close()
    })
    const [known, unknown] = [await createClient(server), await createClient(server)]
    assert.equal(await login(connections[0] as Connection, known), 200)
    await postgres.stop()
    for (const connection of connections) {
      assert.equal(await login(connection, known), 200)
      assert.equal(await login(connection, unknown), 503)
    }
  })
})
