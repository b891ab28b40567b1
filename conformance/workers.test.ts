/** Several workers act as one server, on both stores; workers end, are replaced and restarted. */

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { freePort } from '@modulariot/platform/testing/free-port'
import { startPostgres } from '@modulariot/platform/testing/postgres'
import { decodeProtectedHeader } from 'jose'
import { type Connection, openConnection } from './support/connection.ts'
import { openStream } from './support/event-stream.ts'
import { type RunningServer, startServer } from './support/running-server.ts'
import { scrape } from './support/scrape.ts'
import { revoke } from './support/token-management.ts'
import { accessToken, asForm, createClient } from './support/token-requests.ts'
import { assetIds, get, report, track } from './support/track-requests.ts'
import { until } from './support/until.ts'
import {
  isRunning,
  logged,
  openOnAll,
  startLoad,
  untilComplete,
  workerPids,
} from './support/workers.ts'

const WITHIN_MS = 1000
/** Two starts, one after the other, on a machine that is busy with the load. */
const RESTART_WITHIN_MS = 120_000
const RESTARTED = 'all workers were restarted'
const ISSUED = 'miot_auth_tokens_issued_total{alg="RS256"}'

const closeAll = (connections: readonly Connection[]): void => {
  for (const connection of connections) connection.close()
}

/** Where the data is kept. */
const STORES = {
  SQLite: async () => ({ settings: {}, stop: async () => {} }),
  PostgreSQL: async () => {
    const postgres = await startPostgres()
    return {
      settings: { MIOT_DATABASE_URL: await postgres.createDatabase() },
      stop: () => postgres.stop(),
    }
  },
}

for (const [name, openStore] of Object.entries(STORES)) {
  describe(`two workers on ${name}`, { timeout: 300_000 }, () => {
    let store: Awaited<ReturnType<typeof openStore>>
    let server: RunningServer
    let metricsPort: number

    before(async () => {
      store = await openStore()
      metricsPort = await freePort()
      server = await startServer({
        ...store.settings,
        MIOT_WORKERS: '2',
        MIOT_METRICS_PORT: String(metricsPort),
        MIOT_JWKS_MAX_AGE: '1',
      })
    })
    after(async () => {
      await server.stop()
      await store.stop()
    })

    it('print the start message once', () => {
      assert.equal(server.output().match(/listen on/g)?.length, 1)
      assert.equal(server.output().match(/ {2}client_secret /g)?.length, 1)
    })

    it('accept each other’s tokens, and see each other’s reports', async () => {
      const connections = await openOnAll(server.url, 4)
      const tokens = await Promise.all(
        connections.map((one) => accessToken(one, server.credentials)),
      )
      for (const [at, token] of tokens.entries()) {
        for (const connection of connections) {
          const { status, text } = await track(connection, token, report(`SEEN-${at}`))
          assert.equal(status, 200, text)
        }
      }
      for (const connection of connections) {
        const ids = await assetIds(connection, tokens[0] as string)
        assert.deepEqual(ids.filter((id) => id.startsWith('SEEN-')).length, 4)
      }
      closeAll(connections)
    })

    it('send each other’s reports to their streams at once', async () => {
      const connections = await openOnAll(server.url, 4)
      const token = await accessToken(connections[0] as Connection, server.credentials)
      const streams = await Promise.all(connections.map(() => openStream(server.url, token)))
      for (const [at, connection] of connections.entries()) {
        assert.equal((await track(connection, token, report(`STREAMED-${at}`))).status, 200)
        for (const stream of streams) assert.deepEqual(await stream.assets(1), [`STREAMED-${at}`])
      }
      // None was found by a stream that looked after a pause.
      for (const stream of streams) {
        assert.equal(stream.quiets(), 0)
        await stream.close()
      }
      closeAll(connections)
    })

    it('refuse a revoked token, and a disabled client, within a second', async () => {
      const client = await createClient(server)
      const connections = await openOnAll(server.url, 8)
      const [first] = connections as [Connection]
      const token = await accessToken(first, client)
      const allAnswer = (status: number, path = '/v1/assets') =>
        Promise.all(
          connections.map(async (one) => {
            const deadline = performance.now() + WITHIN_MS
            for (;;) {
              const answer = await get(one, token, path)
              if (answer.status === status) return
              assert.ok(performance.now() < deadline, `${answer.status} ${answer.text}`)
            }
          }),
        )
      await allAnswer(200)
      assert.equal((await revoke(first, client, token)).status, 200)
      await allAnswer(401)
      const login = asForm({ ...client })
      await server.miot(['clients', 'disable', client.client_id])
      for (const connection of connections) {
        const deadline = performance.now() + WITHIN_MS
        for (;;) {
          const { status } = await connection.send({ path: '/oauth2/token', ...login })
          if (status === 401) break
          assert.ok(performance.now() < deadline, String(status))
        }
      }
      closeAll(connections)
    })

    it('sign with the same new key after a rotation, and verify each other', async () => {
      const connections = await openOnAll(server.url, 4)
      const kidOf = async (connection: Connection) =>
        decodeProtectedHeader(await accessToken(connection, server.credentials)).kid
      const before = await kidOf(connections[0] as Connection)
      const { status, stderr } = await server.miot(['keys', 'rotate', '--now', '--yes'])
      assert.equal(status, 0, stderr)
      const kids = await until(async () => {
        const all = new Set(await Promise.all(connections.map(kidOf)))
        return all.has(before) ? undefined : all
      })
      assert.equal(kids.size, 1)
      for (const signer of connections) {
        const token = await accessToken(signer, server.credentials)
        for (const verifier of connections) {
          assert.equal((await get(verifier, token, '/v1/assets')).status, 200)
        }
      }
      closeAll(connections)
    })

    it('are one in /metrics, whose sums outlive a worker', async () => {
      const before = (await scrape(metricsPort)).get(ISSUED) as number
      const connections = await openOnAll(server.url, 4)
      const loginAll = () =>
        Promise.all(connections.map((one) => accessToken(one, server.credentials)))
      await loginAll()
      assert.equal((await scrape(metricsPort)).get(ISSUED), before + 4)
      closeAll(connections)
      process.kill(workerPids(server)[1] as number, 'SIGKILL')
      await until(async () => {
        const series = await scrape(metricsPort)
        assert.ok((series.get(ISSUED) as number) >= before + 4)
        return series.get('miot_worker_restarts_total') === 1 ? true : undefined
      })
      await untilComplete(server)
      const others = await openOnAll(server.url, 4)
      await Promise.all(others.map((one) => accessToken(one, server.credentials)))
      const series = await scrape(metricsPort)
      assert.equal(series.get(ISSUED), before + 8)
      assert.equal(series.get('miot_workers{state="wanted"}'), 2)
      assert.equal(series.get('miot_workers{state="ready"}'), 2)
      closeAll(others)
    })

    it('replace one that is killed; the other’s clients notice nothing', async () => {
      const connection = openConnection(server.url)
      const token = await accessToken(connection, server.credentials)
      connection.close()
      const stored: string[] = []
      const killed = workerPids(server)[0] as number
      const load = startLoad(server.url, 8, async (one) => {
        const body = report(`KILLED-${stored.length}-${Math.random()}`)
        const { status, text } = await track(one, token, body)
        assert.equal(status, 200, text)
        stored.push(body.asset_id)
      })
      await until(async () => (stored.length > 100 ? true : undefined))
      process.kill(killed, 'SIGKILL')
      await until(async () => (workerPids(server)[0] === killed ? undefined : true))
      const enough = stored.length + 100
      await until(async () => (stored.length > enough ? true : undefined))
      await load.stop()
      // Its clients lost one request each, and their next connection went elsewhere.
      assert.ok(load.broken.includes(0) && load.broken.includes(1), String(load.broken))
      assert.ok(
        load.broken.every((times) => times <= 1),
        String(load.broken),
      )
      await untilComplete(server)
      const reader = openConnection(server.url)
      const ids = new Set(await assetIds(reader, token))
      assert.deepEqual(
        stored.filter((id) => !ids.has(id)),
        [],
      )
      reader.close()
    })

    it('leave no new connection without an answer or an end when one is killed', async () => {
      let answered = 0
      const load = startLoad(server.url, 8, async () => {
        const connection = openConnection(server.url)
        try {
          await connection.send({ method: 'GET', path: '/livez' })
          answered++
        } finally {
          connection.close()
        }
      })
      for (const worker of [0, 1]) {
        const enough = answered + 50
        await until(async () => (answered > enough ? true : undefined))
        const killed = workerPids(server)[worker] as number
        process.kill(killed, 'SIGKILL')
        await until(async () => (workerPids(server)[worker] === killed ? undefined : true))
      }
      const enough = answered + 50
      await until(async () => (answered > enough ? true : undefined))
      await load.stop()
      await untilComplete(server)
    })

    it('restart one by one at SIGHUP, and no request fails', async () => {
      const before = workerPids(server)
      let answered = 0
      const load = startLoad(server.url, 8, async (one) => {
        await accessToken(one, server.credentials)
        answered++
      })
      await until(async () => (answered > 20 ? true : undefined))
      process.kill(server.pid(), 'SIGHUP')
      await until(
        async () => (logged(server, RESTARTED).length > 0 ? true : undefined),
        RESTART_WITHIN_MS,
      )
      const enough = answered + 20
      await until(async () => (answered > enough ? true : undefined))
      await load.stop()
      assert.deepEqual(load.broken, [0, 0, 0, 0, 0, 0, 0, 0])
      assert.deepEqual(logged(server, 'a worker did not end in order'), [])
      const now = workerPids(server)
      assert.equal(now.length, 2)
      for (const pid of before) assert.ok(!now.includes(pid) && !isRunning(pid))
      await untilComplete(server)
    })

    it('replace one that ends during a restart once, and keep the new one', async () => {
      for (const index of [0, 1]) {
        const done = logged(server, RESTARTED).length
        process.kill(workerPids(server)[index] as number, 'SIGKILL')
        process.kill(server.pid(), 'SIGHUP')
        await until(
          async () => (logged(server, RESTARTED).length > done ? true : undefined),
          RESTART_WITHIN_MS,
        )
        await untilComplete(server)
        const pids = workerPids(server)
        assert.ok(pids.every(isRunning), String(pids))
      }
    })
  })
}
