/**
 * Two instances behind a real nginx, configured as docs/scaling.md says; each in turn stops and
 * starts while clients log in and report.
 *
 * Guarantee: requests work through the proxy as they do directly, the client's address is its own,
 * and requests succeed while an instance stops. Skipped without nginx.
 */

import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { freePort } from '@modulariot/platform/testing/free-port'
import { startPostgres } from '@modulariot/platform/testing/postgres'
import type { Connection } from '../conformance/support/connection.ts'
import {
  type Credentials,
  type RunningServer,
  startServer,
} from '../conformance/support/running-server.ts'
import { introspect, revoke } from '../conformance/support/token-management.ts'
import { accessToken, asForm, createClient } from '../conformance/support/token-requests.ts'
import { get, report, track, trackBatch } from '../conformance/support/track-requests.ts'
import { findNginx, startNginx } from './support/nginx.ts'

const { values } = parseArgs({ options: { quick: { type: 'boolean', default: false } } })
const ROUNDS = values.quick ? 1 : 5
/** nginx uses an instance again this long after a failure (`fail_timeout`). */
const BACK_AFTER_MS = 11_000
const CALLERS = 8
/** Another address of this machine than the proxy's. */
const CLIENT_ADDRESS = '127.0.0.2'
const DRAIN_SECONDS = '1'

const print = (line: string): void => void process.stdout.write(`${line}\n`)

async function whatWorks(connection: Connection, first: RunningServer, issuer: string) {
  const { credentials } = first
  const token = await accessToken(connection, credentials)
  const form = asForm({ ...credentials })
  assert.equal((await connection.send({ path: '/oauth2/token', ...form })).status, 200)
  assert.equal((await track(connection, token, report('TRUCK-1'))).status, 200)
  const pad = 'x'.repeat(2500)
  const many = Array.from({ length: 1000 }, (_, at) => ({ ...report(`T-${at}`), owner: pad }))
  const batch = await trackBatch(connection, token, many)
  assert.equal(batch.status, 200, `a batch of ${JSON.stringify(many).length} bytes`)
  assert.equal((await introspect(connection, credentials, token)).json().active, true)
  const follower = await createClient(first, '--audience', `${issuer}/oauth2/revocations`)
  const bearer = await accessToken(connection, follower)
  const { cursor } = (await get(connection, bearer, '/oauth2/revocations')).json()
  const waiting = get(connection, bearer, `/oauth2/revocations?since=${cursor}&wait=20`)
  await sleep(200)
  const askedAt = performance.now()
  assert.equal((await revoke(connection, credentials, token)).status, 200)
  const told = await waiting
  assert.equal((told.json().revocations as unknown[]).length, 1)
  print(
    `login, report, batch, introspection, revocation; the other instance refused after ${since(askedAt)} ms`,
  )
}

/** The client's address is that of its connection, whatever headers it sends. */
async function clientAddress(connection: Connection, first: RunningServer): Promise<void> {
  const client = await createClient(first)
  const headers = { 'x-forwarded-for': '203.0.113.9' }
  const answer = await connection.send({ path: '/oauth2/token', ...asForm({ ...client }, headers) })
  assert.equal(answer.status, 200)
  const deadline = performance.now() + 20_000
  for (;;) {
    const { stdout } = await first.miot(['secrets', 'list', client.client_id, '--json'])
    const [, seen] = /"address": ?"([^"]*)"/.exec(stdout) ?? []
    if (seen !== undefined) {
      assert.equal(seen, CLIENT_ADDRESS)
      return print(`the address of the client is ${seen}`)
    }
    assert.ok(performance.now() < deadline, stdout)
    await sleep(500)
  }
}

/** Logs in and reports until aborted; returns the failed requests. */
async function serveAll(connection: Connection, credentials: Credentials, stop: AbortSignal) {
  const failed: string[] = []
  let answered = 0
  async function call(caller: number): Promise<void> {
    while (!stop.aborted) {
      try {
        const token = await accessToken(connection, credentials)
        const { status, text } = await track(connection, token, report(`TRUCK-${caller}`))
        assert.equal(status, 200, text)
      } catch (error) {
        failed.push((error as Error).message)
      }
      answered += 2
    }
  }
  await Promise.all(Array.from({ length: CALLERS }, (_, caller) => call(caller)))
  return { failed, answered }
}

async function whileOneLeaves(
  connection: Connection,
  credentials: Credentials,
  instances: readonly RunningServer[],
) {
  const stopping = new AbortController()
  const load = serveAll(connection, credentials, stopping.signal)
  for (let round = 0; round < ROUNDS; round++) {
    for (const instance of instances) {
      await sleep(1000)
      await instance.restart('SIGTERM')
      if (!values.quick) await sleep(BACK_AFTER_MS)
    }
  }
  stopping.abort()
  const { failed, answered } = await load
  const left = ROUNDS * instances.length
  print(`${answered} requests during ${left} stops: ${failed.length} failed`)
  assert.deepEqual(failed, [])
}

const since = (moment: number): number => Math.round(performance.now() - moment)

async function run(binary: string): Promise<void> {
  const postgres = await startPostgres()
  const port = await freePort()
  const issuer = `https://localhost:${port}`
  const common = {
    MIOT_DATABASE_URL: await postgres.createDatabase(),
    MIOT_ISSUER: issuer,
    MIOT_TRUSTED_PROXIES: '127.0.0.1',
    MIOT_LOG_LEVEL: 'error',
    MIOT_DRAIN_SECONDS: DRAIN_SECONDS,
  }
  const first = await startServer(common)
  const second = await startServer({ ...common, MIOT_DATA_DIR: first.dataDir })
  const instances = [first, second]
  const ports = instances.map(({ url }) => Number(new URL(url).port))
  const nginx = await startNginx(binary, port, ports)
  const connection = nginx.connect(2 * CALLERS, CLIENT_ADDRESS)
  try {
    await whatWorks(connection, first, issuer)
    await clientAddress(connection, first)
    await whileOneLeaves(connection, first.credentials, values.quick ? [second] : instances)
  } finally {
    connection.close()
    await nginx.stop()
    await second.stop()
    await first.stop()
    await postgres.stop()
  }
}

const binary = findNginx()
if (binary === null) print('skipped: nginx is not installed')
else await run(binary)
