/**
 * A full disk and a killed writer lose nothing that was acknowledged, and leave nothing partial.
 */

import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { StoreUnavailable, StoreUnwritable } from '@modulariot/platform/storage'
import { allAssets, fixOf, measurementOf, observationOf, TENANT } from '../conformance/samples.ts'
import type { Observation, TelemetryStore } from '../store.ts'
import { openSqliteTelemetryStore } from './sqlite-store.ts'

let folder: string
let path: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'miot-'))
  path = join(folder, 'telemetry.db')
})
afterEach(() => rmSync(folder, { recursive: true }))

const full = (request_id: string): Observation =>
  observationOf({
    request_id,
    asset_id: request_id,
    payload: JSON.stringify({ request_id, filler: 'x'.repeat(3000) }),
    position: fixOf(),
    metrics: [measurementOf()],
  })

describe('SQLite: a full disk', () => {
  it('makes writes unavailable, stores nothing of the batch, allows reads, and recovers', async () => {
    const store = openSqliteTelemetryStore(path, { maxPages: 120 })
    const kept: string[] = []
    let refused = 0
    for (let index = 0; refused < 3; index++) {
      assert.ok(index < 1000, 'the disk gets full')
      const batch = [full(`${index}-a`), full(`${index}-b`)]
      try {
        await store.append(batch)
        kept.push(...batch.map(({ request_id }) => request_id))
      } catch (error) {
        assert.ok(error instanceof StoreUnavailable)
        assert.match(error.message, /full/)
        refused++
      }
      const found = (await allAssets(store)).map(({ asset_id }) => asset_id)
      assert.deepEqual(found.toSorted(), kept.toSorted())
    }
    assert.ok(kept.length > 0)
    await assert.rejects(store.ping(), StoreUnwritable)
    assert.equal(store.isWritable(), false)
    await store.close()
    const healed = openSqliteTelemetryStore(path)
    assert.deepEqual(await healed.append([full('0-a'), full('last')]), ['replayed', 'stored'])
    await healed.close()
  })
})

describe('SQLite: a closed store', () => {
  it('refuses later calls, and starts no thread for them', async () => {
    const store = openSqliteTelemetryStore(path)
    await store.append([full('one')])
    await store.close()
    let started = 0
    const count = (): void => {
      started++
    }
    process.on('worker', count)
    await assert.rejects(store.append([full('two')]), StoreUnavailable)
    await assert.rejects(store.maintain(Date.now(), 1), StoreUnavailable)
    await store.close()
    process.off('worker', count)
    assert.equal(started, 0)
  })
})

it('SQLite: maintenance of a store without reports starts no thread', async () => {
  const store = openSqliteTelemetryStore(path)
  let started = 0
  const count = (): void => {
    started++
  }
  process.on('worker', count)
  assert.deepEqual(await store.maintain(Date.now(), 1), { removedRows: 0, droppedPartitions: 0 })
  assert.equal(started, 0)
  await store.append([full('one')])
  await store.maintain(Date.now(), 1)
  assert.equal(started, 1)
  process.off('worker', count)
  await store.close()
})

describe('SQLite: a killed process', () => {
  const ROUNDS = 5

  it(`loses nothing it acknowledged and duplicates nothing, ${ROUNDS} times`, async () => {
    const acknowledged = new Set<string>()
    for (let round = 0; round < ROUNDS; round++) {
      for (const request_id of await killedAfter(40 + 13 * round, `${round}`)) {
        acknowledged.add(request_id)
      }
      const store = openSqliteTelemetryStore(path)
      await assertWhole(store, acknowledged)
      await store.close()
    }
  })

  /** Request ids that a writing process acknowledged before it was killed. */
  async function killedAfter(acknowledgements: number, prefix: string): Promise<string[]> {
    const program = new URL('../../../../../faults/support/append-forever.ts', import.meta.url)
    const child: ChildProcess = spawn(process.execPath, [program.pathname, path, prefix], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const ids: string[] = []
    for await (const line of createInterface({ input: child.stdout as NodeJS.ReadableStream })) {
      ids.push(line)
      if (ids.length === acknowledgements) child.kill('SIGKILL')
    }
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
    return ids
  }

  async function assertWhole(store: TelemetryStore, acknowledged: Set<string>): Promise<void> {
    using database = new DatabaseSync(path, { readOnly: true })
    const check = database.prepare('PRAGMA integrity_check').all()
    assert.deepEqual({ ...check[0] }, { integrity_check: 'ok' })
    const rows = database
      .prepare(`SELECT payload ->> '$.request_id' AS request_id FROM observations`)
      .all()
    const stored = rows.map(({ request_id }) => String(request_id))
    assert.equal(new Set(stored).size, stored.length)
    assert.deepEqual(
      [...acknowledged].filter((id) => !stored.includes(id)),
      [],
    )
    for (const table of ['positions', 'metrics', 'events']) {
      const count = database.prepare(`SELECT count(*) AS rows FROM ${table}`).get()
      assert.equal(count?.rows, stored.length, table)
    }
    const { cursor } = await store.readSince(TENANT, null, 1)
    assert.equal(cursor, stored.length)
  }
})
