/** Telemetry that is older than the configured retention is deleted. */

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { type Connection, openConnection } from './support/connection.ts'
import { type RunningServer, startServer } from './support/running-server.ts'
import { accessToken } from './support/token-requests.ts'
import { assetIds, report, track } from './support/track-requests.ts'

const DAY_MS = 86_400_000
/** The first cleanup runs soon after the start. */
const REMOVED_WITHIN_MS = 30_000

let server: RunningServer
let connection: Connection
let token: string
let org_id: string

before(async () => {
  server = await startServer()
  connection = openConnection(server.url)
  token = await accessToken(connection, server.credentials)
  const { organizations } = (await miotJson('list')) as { organizations: { org_id: string }[] }
  org_id = organizations[0]?.org_id ?? assert.fail('no organization')
})
after(async () => {
  connection.close()
  await server.stop()
})

async function miotJson(...args: string[]): Promise<unknown> {
  const { status, stdout, stderr } = await server.miot(['orgs', ...args, '--json'])
  assert.equal(status, 0, stderr)
  return JSON.parse(stdout)
}

describe('retention', () => {
  it('is shown and set for an organization, and reset', async () => {
    const own = (own_days: number | null) => ({ org_id, own_days, kept_days: own_days })
    assert.deepEqual(await miotJson('retention', org_id), own(null))
    assert.deepEqual(await miotJson('retention', org_id, '--days', '7'), own(7))
    assert.deepEqual(await miotJson('retention', org_id), own(7))
    assert.deepEqual(await miotJson('retention', org_id, '--default'), own(null))
    const { stdout } = await server.miot(['audit', 'list', '--json'])
    const told = (
      JSON.parse(stdout).entries as { action: string; before: unknown; after: unknown }[]
    )
      .filter(({ action }) => action === 'organization.retention_changed')
      .map(({ before, after }) => [before, after])
    const [none, seven] = [{ retention_days: null }, { retention_days: 7 }]
    // Newest first.
    assert.deepEqual(told, [
      [seven, none],
      [none, seven],
    ])
  })

  it('removes older data, by device time, and nothing else', async () => {
    const old = new Date(Date.now() - 8 * DAY_MS).toISOString()
    for (const body of [{ ...report('old'), timestamp: old }, report('fresh')]) {
      assert.equal((await track(connection, token, body)).status, 200)
    }
    assert.deepEqual(await assetIds(connection, token), ['fresh', 'old'])
    await miotJson('retention', org_id, '--days', '7')
    await server.restart()
    const began = performance.now()
    while ((await assetIds(connection, token)).includes('old')) {
      assert.ok(performance.now() - began < REMOVED_WITHIN_MS, 'it is deleted')
      await wait(100)
    }
    assert.deepEqual(await assetIds(connection, token), ['fresh'])
  })
})
