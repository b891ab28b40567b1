/**
 * The young generation of the heap is small after the start, and grows with the load: an idle
 * server does not keep what loading its modules took.
 */

import assert from 'node:assert/strict'
import { it } from 'node:test'
import { freePort } from '@modulariot/platform/testing/free-port'
import { openConnection } from './support/connection.ts'
import { startServer } from './support/running-server.ts'
import { scrape } from './support/scrape.ts'
import { accessToken } from './support/token-requests.ts'

/** Both halves: 4 MB after the start, 8 without a build, and up to 32 MB under load. */
const SIZE = 'nodejs_heap_space_size_total_bytes{space="new"}'
const SMALL_BYTES = 10e6
const GROWN_BYTES = 12e6
/** About 3,000 are enough. */
const MAX_LOGINS = 30_000
const CONNECTIONS = 8

it('the young heap grows under load, not during the start', { timeout: 120_000 }, async (t) => {
  const metricsPort = await freePort()
  const server = await startServer({ MIOT_METRICS_PORT: String(metricsPort) })
  t.after(() => server.stop())
  const size = async () => (await scrape(metricsPort)).get(SIZE) as number
  assert.ok((await size()) < SMALL_BYTES, `${await size()} bytes`)
  const connections = Array.from({ length: CONNECTIONS }, () => openConnection(server.url))
  let logins = 0
  const load = async (connection: (typeof connections)[number]): Promise<void> => {
    for (let sent = 0; sent < 50; sent++) await accessToken(connection, server.credentials)
    logins += 50
  }
  while ((await size()) < GROWN_BYTES) {
    assert.ok(logins < MAX_LOGINS, `${await size()} bytes`)
    await Promise.all(connections.map(load))
  }
  for (const connection of connections) connection.close()
})
