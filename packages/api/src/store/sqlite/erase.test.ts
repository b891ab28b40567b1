/** What SQLite's files hold after an erasure: the bytes themselves are searched. */

import assert from 'node:assert/strict'
import { existsSync, mkdtempDisposableSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { it } from 'node:test'
import { LATER_MS } from '../conformance/derived.ts'
import {
  at,
  fixOf,
  measurementOf,
  observationOf,
  occurrenceOf,
  TENANT,
} from '../conformance/samples.ts'
import { type Block, reportsOf } from '../report-blocks/block.ts'
import type { Observation } from '../store.ts'
import { openSqliteTelemetryStore } from './sqlite-store.ts'

const SECRET = 'PLATE-XQ-4711'
const KEPT = 'PLATE-ZZ-0001'

/** Says its asset in every text that is stored. */
function telling(asset_id: string, second: number): Observation {
  const timestamp_ms = at(second)
  const value = { driver: `driver of ${asset_id} at ${second}` }
  return observationOf({
    ...{ asset_id, timestamp_ms, type: `type ${asset_id}`, position: fixOf() },
    request_id: `${asset_id}-${second}`,
    payload: JSON.stringify({ asset_id, note: `${asset_id} `.repeat(second % 40) }),
    metrics: [measurementOf({ timestamp_ms, key: `x.${asset_id}`, value })],
    events: [occurrenceOf({ timestamp_ms, payload: JSON.stringify({ asset_id }) })],
  })
}

/** How often a text is in the database and in the files beside it. */
function occurrences(path: string, text: string): number {
  const files = ['', '-wal', '-shm', '-journal'].map((ending) => path + ending)
  const bytes = files.filter((file) => existsSync(file)).map((file) => readFileSync(file, 'latin1'))
  return bytes.join('').split(text).length - 1
}

it('SQLite: no file holds an erased asset, and the others are as before', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'miot-erase-'))
  const path = join(folder, 'telemetry.db')
  const store = openSqliteTelemetryStore(path)
  // Interleaved, so that both have rows on the same pages, which split.
  for (let second = 0; second < 600; second += 50) {
    const seconds = Array.from({ length: 50 }, (_, index) => second + index)
    await store.append(seconds.flatMap((one) => [telling(SECRET, one), telling(KEPT, one)]))
  }
  assert.ok(occurrences(path, SECRET) > 600)
  const kept = await store.positions(TENANT, KEPT, { after: null, limit: 1000 })

  assert.deepEqual(await store.eraseAsset(TENANT, SECRET), { compacted: true })
  assert.equal(occurrences(path, SECRET), 0)
  assert.ok(occurrences(path, KEPT) > 600)
  assert.deepEqual(await store.positions(TENANT, KEPT, { after: null, limit: 1000 }), kept)
  assert.deepEqual(await store.append([telling(KEPT, 700), telling(SECRET, 1)]), [
    'stored',
    'stored',
  ])
  await store.close()
  rmSync(folder, { recursive: true })
})

it('SQLite: no file holds an erased asset that was in blocks', async () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'miot-erase-'))
  const path = join(folder.path, 'telemetry.db')
  const store = openSqliteTelemetryStore(path)
  const report = (_: unknown, second: number) => telling(second % 2 === 0 ? SECRET : KEPT, second)
  await store.append(Array.from({ length: 600 }, report))
  await store.maintain(at(86_400), null)
  const inBlocks = (text: string): number => {
    using database = new DatabaseSync(path)
    const blocks = database.prepare('SELECT * FROM report_blocks').all() as unknown as Block[]
    return blocks.flatMap(reportsOf).filter(({ payload }) => payload.includes(text)).length
  }
  assert.ok(inBlocks(SECRET) > 200)
  assert.deepEqual(await store.eraseAsset(TENANT, SECRET), { compacted: true })
  assert.equal(inBlocks(SECRET), 0)
  assert.ok(inBlocks(KEPT) > 200)
  assert.equal(occurrences(path, SECRET), 0)
  assert.equal((await store.readSince(TENANT, 0, 1000)).entries.length, 300)
  await store.close()
})

it('SQLite: an erasure that a crash interrupted is finished by maintenance', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'miot-erase-'))
  const path = join(folder, 'telemetry.db')
  const before = openSqliteTelemetryStore(path)
  await before.append([telling(SECRET, 1), telling(KEPT, 1)])
  await before.close()
  // Its first step, without those that follow.
  const database = new DatabaseSync(path)
  database.exec(`INSERT INTO erasures SELECT asset, tenant, asset_id FROM assets
    WHERE asset_id = '${SECRET}'; DELETE FROM assets WHERE asset_id = '${SECRET}'`)
  database.close()

  const store = openSqliteTelemetryStore(path)
  // Its rows are there, and no list shows them.
  const page = { after: null, limit: 100 }
  assert.deepEqual(
    (await store.events(TENANT, page)).rows.map(({ asset_id }) => asset_id),
    [KEPT],
  )
  assert.equal((await store.readSince(TENANT, 0, 100)).entries.length, 1)
  await store.maintain(at(0), null)
  await store.compact()
  assert.equal(occurrences(path, SECRET), 0)
  assert.ok(occurrences(path, KEPT) > 0)
  await store.close()
  rmSync(folder, { recursive: true })
})

it('SQLite: many erasures at once rebuild the file together', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'miot-erase-'))
  const path = join(folder, 'telemetry.db')
  const store = openSqliteTelemetryStore(path)
  const names = Array.from({ length: 20 }, (_, n) => `truck-${n}`)
  await store.append([...names, KEPT].map((name) => telling(name, 1)))
  const rebuilds = (): number => {
    using database = new DatabaseSync(path)
    // VACUUM increments it.
    return database.prepare('PRAGMA schema_version').get()?.schema_version as number
  }
  const before = rebuilds()
  const erased = await Promise.all(names.map((name) => store.eraseAsset(TENANT, name)))
  assert.ok(erased.every((one) => one?.compacted === true))
  assert.ok(rebuilds() - before <= 3, `${rebuilds() - before} rebuilds`)
  assert.equal(occurrences(path, 'truck-19'), 0)
  await store.close()
  rmSync(folder, { recursive: true })
})

it('SQLite: an asset with a damaged chunk is erased', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'miot-erase-'))
  const path = join(folder, 'telemetry.db')
  const store = openSqliteTelemetryStore(path)
  await store.append([1, 2, 3].map((second) => telling(SECRET, second)))
  await store.maintain(LATER_MS, null)
  const database = new DatabaseSync(path)
  const damaged = database.prepare(`UPDATE series_chunks SET data = x'01ff'`).run().changes
  assert.equal(damaged, 2)
  await store.eraseAsset(TENANT, SECRET)
  assert.equal(database.prepare('SELECT count(*) AS left FROM series_chunks').get()?.left, 0)
  database.close()
  await store.close()
  rmSync(folder, { recursive: true })
})

it('SQLite: values that moved to chunks are overwritten, as an erasure does not see them', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'miot-erase-'))
  const path = join(folder, 'telemetry.db')
  const store = openSqliteTelemetryStore(path)
  const seconds = Array.from({ length: 600 }, (_, second) => second)
  await store.append(seconds.map((second) => telling(SECRET, second)))
  assert.ok(occurrences(path, 'driver of') >= 600)
  await store.maintain(LATER_MS, null)
  // Empties the log.
  await store.close()
  const left = occurrences(path, 'driver of')
  assert.ok(left < 60, `${left} left`)
  rmSync(folder, { recursive: true })
})

it('SQLite: an erasure that fails does not stop retention', async () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'miot-erase-'))
  const path = join(folder.path, 'telemetry.db')
  const store = openSqliteTelemetryStore(path)
  await store.append([telling(KEPT, 1)])
  const database = new DatabaseSync(path)
  database.exec(
    `INSERT INTO erasures VALUES (99, 1, 'gone');
     INSERT INTO report_blocks VALUES (1, 511, 1, 9e15, 9e15, x'07', x'07')`,
  )
  await assert.rejects(store.maintain(at(100 * 86_400), 30), /unknown form/)
  assert.equal(database.prepare('SELECT count(*) AS count FROM positions').get()?.count, 0)
  database.close()
  await store.close()
})
