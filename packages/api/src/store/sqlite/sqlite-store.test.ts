import assert from 'node:assert/strict'
import { once } from 'node:events'
import { closeSync, mkdtempSync, openSync, readdirSync, rmSync, statSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, it } from 'node:test'
import type { Worker } from 'node:worker_threads'
import { StoreUnavailable } from '@modulariot/platform/storage'
import { type Placed, testReportBlocks } from '../conformance/report-blocks.ts'
import { assetOf, observationOf, TENANT } from '../conformance/samples.ts'
import { testDerivedStore, testTelemetryStore } from '../conformance/store.conformance.ts'
import type { Observation, TelemetryStore } from '../store.ts'
import { openSqliteTelemetryStore } from './sqlite-store.ts'

function openPlace() {
  const folder = mkdtempSync(join(tmpdir(), 'miot-'))
  const path = join(folder, 'telemetry.db')
  const openAnother = async () => openSqliteTelemetryStore(path)
  const destroy = async () => rmSync(folder, { recursive: true })
  return { folder, path, store: openSqliteTelemetryStore(path), openAnother, destroy }
}

testTelemetryStore('SQLite', async () => openPlace())
testDerivedStore('SQLite with chunks', async () => openPlace())

testReportBlocks('SQLite', async () => {
  const place = openPlace()
  const use = <Result>(work: (database: DatabaseSync) => Result): Result => {
    using database = new DatabaseSync(place.path)
    return work(database)
  }
  return {
    ...place,
    placed: async () =>
      use((database) => ({
        rows: database
          .prepare('SELECT seq FROM observations ORDER BY tenant, seq')
          .all()
          .map(({ seq }) => seq as number),
        blocks: database
          .prepare('SELECT until_seq, reports FROM report_blocks ORDER BY tenant, until_seq')
          .all() as unknown as Placed['blocks'],
      })),
    async interruptFrom(until_seq) {
      use((database) =>
        database.exec(`CREATE TRIGGER interrupt AFTER INSERT ON report_blocks
          WHEN NEW.until_seq >= ${until_seq} BEGIN SELECT RAISE(ABORT, 'interrupted'); END`),
      )
      return async () => use((database) => database.exec('DROP TRIGGER interrupt'))
    },
  }
})

/** SQLite refuses a fraction in an INTEGER column of a STRICT table. */
const unwritable = (): Observation => observationOf({ asset_id: 'bad', timestamp_ms: 0.5 })

describe('SQLite: the writer thread', { timeout: 30_000 }, () => {
  function withPlace(run: (place: ReturnType<typeof openPlace>) => Promise<void>) {
    return async () => {
      const place = openPlace()
      try {
        await run(place)
      } finally {
        await place.store.close()
        await place.destroy()
      }
    }
  }

  /** The writer thread, which the first append starts. */
  async function writerOf(store: TelemetryStore): Promise<Worker> {
    const started = once(process, 'worker')
    await store.append([observationOf({ asset_id: 'first' })])
    return (await started)[0] as Worker
  }

  it(
    'rejects only the batch that fails, stores nothing of it, and continues',
    withPlace(async ({ store }) => {
      const good = observationOf({ asset_id: 'good' })
      const results = await Promise.allSettled([
        store.append([observationOf({ asset_id: 'before' })]),
        store.append([good, unwritable()]),
        store.append([observationOf({ asset_id: 'after' })]),
      ])
      assert.deepEqual(
        results.map(({ status }) => status),
        ['fulfilled', 'rejected', 'fulfilled'],
      )
      await assetOf(store, 'before')
      await assetOf(store, 'after')
      assert.equal(await store.findAsset(TENANT, 'good'), null)
      assert.deepEqual(await store.append([good]), ['stored'])
    }),
  )

  it(
    'rejects an invalid batch with its cause, not as unavailable',
    withPlace(async ({ store }) => {
      const failing = store.append([unwritable()])
      await assert.rejects(failing, (error) => {
        assert.ok(error instanceof Error && !(error instanceof StoreUnavailable))
        assert.match(error.message, /timestamp_ms/)
        return true
      })
    }),
  )

  it(
    'throws StoreUnavailable when the environment is at fault',
    withPlace(async ({ store, path }) => {
      // A file format that this SQLite cannot write: it fails at once, as on a read-only disk.
      using database = new DatabaseSync(path)
      database.exec('PRAGMA wal_checkpoint(TRUNCATE)')
      const file = openSync(path, 'r+')
      writeSync(file, new Uint8Array([3]), 0, 1, 18)
      closeSync(file)
      await assert.rejects(store.append([observationOf()]), (error) => {
        assert.ok(error instanceof StoreUnavailable)
        assert.match(error.message, /readonly/)
        return true
      })
    }),
  )

  it(
    'keeps its thread after a failed batch',
    withPlace(async ({ store }) => {
      await writerOf(store)
      let started = 0
      const count = (): void => {
        started++
      }
      process.on('worker', count)
      await assert.rejects(store.append([unwritable()]))
      await store.append([observationOf()])
      process.off('worker', count)
      assert.equal(started, 0)
    }),
  )

  it(
    'that is killed rejects its pending batches, and the next batch starts another',
    withPlace(async ({ store, path }) => {
      const worker = await writerOf(store)
      // While this lock is held, no batch can complete.
      using holder = new DatabaseSync(path)
      holder.exec('BEGIN IMMEDIATE')
      const pending = ['one', 'two'].map((asset_id) => store.append([observationOf({ asset_id })]))
      const settled = Promise.allSettled(pending)
      const killed = worker.terminate()
      holder.exec('COMMIT')
      await killed
      for (const result of await settled) {
        assert.ok(result.status === 'rejected')
        assert.ok(result.reason instanceof StoreUnavailable)
      }
      for (const asset_id of ['one', 'two']) {
        assert.equal(await store.findAsset(TENANT, asset_id), null)
      }
      assert.deepEqual(await store.append([observationOf({ asset_id: 'next' })]), ['stored'])
      await assetOf(store, 'first')
      await assetOf(store, 'next')
    }),
  )

  it(
    'that cannot start throws StoreUnavailable with the cause',
    withPlace(async ({ store, path }) => {
      using database = new DatabaseSync(path)
      database.exec('ALTER TABLE assets RENAME TO elsewhere')
      await assert.rejects(store.append([observationOf()]), (error) => {
        assert.ok(error instanceof StoreUnavailable)
        assert.match(String(error.cause), /no such table: assets/)
        return true
      })
      database.exec('ALTER TABLE elsewhere RENAME TO assets')
      assert.deepEqual(await store.append([observationOf()]), ['stored'])
    }),
  )
})

it('SQLite: only the owner can read the files', async () => {
  const { folder, store, destroy } = openPlace()
  await store.append([observationOf()])
  const files = readdirSync(folder)
  assert.ok(files.length > 1)
  for (const file of files) assert.equal(statSync(join(folder, file)).mode & 0o777, 0o600, file)
  await store.close()
  await destroy()
})
