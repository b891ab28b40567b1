/** Instances that start at once, for the first time, each with a data directory of its own. */

import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, it } from 'node:test'
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
  const second = await startServer({
    MIOT_DATABASE_URL,
    MIOT_DATA_DIR: first.dataDir,
    MIOT_ENCRYPTION_KEY: readFileSync(keys[0] as string, 'utf8').trim(),
  })
  running.unshift(second)
  const connection = openConnection(second.url)
  await accessToken(connection, first.credentials)
  connection.close()
})
