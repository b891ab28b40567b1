/**
 * First starts: of several instances at once, each with a data directory of its own, and of one
 * that makes no client.
 */

import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, it } from 'node:test'
import { freePort } from '@modulariot/platform/testing/free-port'
import { startPostgres } from '@modulariot/platform/testing/postgres'
import { openConnection } from './support/connection.ts'
import { type RunningServer, startServer } from './support/running-server.ts'
import { accessToken } from './support/token-requests.ts'

const postgres = await startPostgres()
const running: RunningServer[] = []
after(async () => {
  for (const server of running) await server.stop()
  await postgres.stop()
})
const folder = mkdtempSync(join(tmpdir(), 'miot-first-'))
after(() => rmSync(folder, { recursive: true, force: true }))

it('one is the first, and the others name the encryption key they need', {
  timeout: 120_000,
}, async () => {
  const MIOT_DATABASE_URL = await postgres.createDatabase()
  const places = ['a', 'b', 'c'].map((name) => join(folder, name))
  const started = await Promise.allSettled(
    places.map((MIOT_DATA_DIR) => startServer({ MIOT_DATABASE_URL, MIOT_DATA_DIR })),
  )
  running.push(...started.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : [])))
  assert.equal(running.length, 1)
  for (const one of started) {
    if (one.status === 'rejected') assert.match(String(one.reason), /set MIOT_ENCRYPTION_KEY/)
  }
  const keys = places.map((place) => join(place, 'encryption.key')).filter(existsSync)
  assert.equal(keys.length, 1, 'and keep no useless key')
  const [first] = running
  assert.ok(first)
  const metricsPort = String(await freePort())
  const second = await startServer({
    MIOT_DATABASE_URL,
    MIOT_DATA_DIR: first.dataDir,
    MIOT_METRICS_PORT: metricsPort,
    MIOT_ENCRYPTION_KEY: readFileSync(keys[0] as string, 'utf8').trim(),
  })
  running.unshift(second)
  const connection = openConnection(second.url)
  await accessToken(connection, first.credentials)
  connection.close()
  const metrics = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text()
  assert.match(metrics, /^miot_database_size_bytes\{store="auth"\} [1-9]\d{4,}$/m)
  assert.match(metrics, /^miot_database_size_bytes\{store="telemetry"\} [1-9]\d{4,}$/m)
})

it('with MIOT_QUICKSTART=off makes no client and shows no secret; miot makes the first', async () => {
  const server = await startServer({ MIOT_QUICKSTART: 'off' })
  running.push(server)
  assert.match(server.output(), /There is no client yet/)
  assert.match(server.output(), /miot orgs create --name NAME\n {2}miot clients create --name NAME/)
  assert.doesNotMatch(server.output(), /miot_(dev|prod)_|client_secret|curl/)
  assert.equal(existsSync(join(server.dataDir, 'quickstart.env')), false)
  const early = await server.miot(['clients', 'create', '--name', 'First'])
  assert.equal(early.status, 3)
  assert.match(early.stderr, /create one with miot orgs create --name NAME/)
  assert.equal((await server.miot(['orgs', 'create', '--name', 'Acme'])).status, 0)
  const { stdout } = await server.miot(['clients', 'create', '--name', 'First'])
  const { token_url: _, ...credentials } = JSON.parse(stdout)
  const connection = openConnection(server.url)
  await accessToken(connection, credentials)
  connection.close()
  const before = server.output()
  await server.restart()
  assert.doesNotMatch(server.output().slice(before.length), /no client yet/)
})
