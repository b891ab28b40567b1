import assert from 'node:assert/strict'
import { mkdtempDisposableSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import {
  copyTables,
  type HeldDatabase,
  withPostgresTables,
  withSqliteTables,
} from '@modulariot/platform/copy'
import { migratePostgres, openPostgres, type Postgres } from '@modulariot/platform/postgres'
import { readMigrations } from '@modulariot/platform/storage'
import { startPostgres } from '@modulariot/platform/testing/postgres'
import { promiseOf } from '@modulariot/platform/testing/store-promises'
import { LENGTH_A_STEP } from '../chunks/derive.ts'
import { derivingStores, LATER_MS } from '../conformance/derived.ts'
import {
  assertMigrated,
  assertRequestsKnown,
  columnsAsTexts,
  OLD_OBSERVATIONS,
  REQUESTS_AS_TEXTS,
} from '../conformance/first-light.ts'
import { type Placed, testReportBlocks } from '../conformance/report-blocks.ts'
import { testRetention } from '../conformance/retention.ts'
import { measured, measurementOf, NOW_MS, observationOf, TENANT } from '../conformance/samples.ts'
import { testMetrics, testPositions } from '../conformance/series.ts'
import { testDerivedStore, testTelemetryStore } from '../conformance/store.conformance.ts'
import { openSqliteTelemetryStore } from '../sqlite/sqlite-store.ts'
import type { Observation } from '../store.ts'
import { TELEMETRY_TABLES } from '../tables.ts'
import {
  makeRoom,
  migratePostgresTelemetryStore,
  openPostgresTelemetryStore,
} from './postgres-store.ts'

const server = await startPostgres()
after(() => server.stop())

/** Copying it is faster than migrating every test's database. */
const migrated = await server.createDatabase()
await migratePostgresTelemetryStore(migrated)

const DAY_MS = 86_400_000
const WEEK_MS = 7 * DAY_MS

const TABLES = ['observations', 'positions', 'metrics', 'events', 'series_chunks']

async function openPlace() {
  const url = await server.createDatabase(migrated)
  const openAnother = () => openPostgresTelemetryStore(url)
  return { url, store: await openAnother(), openAnother, destroy: async () => undefined }
}

/** A store that was created long ago, so that the samples are in regular weeks. */
async function openOldPlace() {
  const place = await openPlace()
  const firstMs = Math.floor((NOW_MS - 500 * DAY_MS) / WEEK_MS) * WEEK_MS
  const postgres = openPostgres(place.url)
  for (const table of TABLES) {
    await postgres.query(
      `DROP TABLE telemetry.${table}_past;
       CREATE TABLE telemetry.${table}_past PARTITION OF telemetry.${table}
         FOR VALUES FROM (MINVALUE) TO (${firstMs});
       CREATE INDEX ON telemetry.${table}_past (tenant, timestamp_ms)`,
    )
  }
  await postgres.close()
  return place
}

testTelemetryStore('PostgreSQL', openPlace)
testDerivedStore('PostgreSQL with chunks', openPlace)
testMetrics('PostgreSQL by weeks, with chunks', promiseOf(derivingStores(openOldPlace)))

testReportBlocks('PostgreSQL', async () => {
  const place = await openPlace()
  const postgres = openPostgres(place.url)
  return {
    ...place,
    async placed() {
      const { rows } = await postgres.query<{ seq: number }>(
        'SELECT seq FROM telemetry.observations ORDER BY tenant, seq',
      )
      const blocks = await postgres.query<Placed['blocks'][number]>(
        'SELECT until_seq, reports FROM telemetry.report_blocks ORDER BY tenant, until_seq',
      )
      return { rows: rows.map(({ seq }) => seq), blocks: blocks.rows }
    },
    async interruptFrom(until_seq) {
      // As a server that is killed within the transaction.
      await postgres.query(
        `CREATE FUNCTION telemetry.interrupt() RETURNS trigger LANGUAGE plpgsql AS $$
         BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END $$;
         CREATE TRIGGER interrupt AFTER INSERT ON telemetry.report_blocks FOR EACH ROW
           WHEN (NEW.until_seq >= ${until_seq}) EXECUTE FUNCTION telemetry.interrupt()`,
      )
      return async () =>
        void (await postgres.query('DROP TRIGGER interrupt ON telemetry.report_blocks'))
    },
    destroy: () => postgres.close(),
  }
})
testPositions('PostgreSQL by weeks', promiseOf(openOldPlace))
testMetrics('PostgreSQL by weeks', promiseOf(openOldPlace))
testRetention('PostgreSQL by weeks', promiseOf(openOldPlace))

it('PostgreSQL: nothing is moved on the day after an upgrade', async () => {
  const { url, store } = await openPlace()
  const postgres = openPostgres(url)
  await postgres.query(
    `UPDATE telemetry.migrations SET applied_at = '2026-01-01T00:00:00Z' WHERE version = 1`,
  )
  const batch = Array.from({ length: 600 }, (_, index) =>
    observationOf({ metrics: [measurementOf({ timestamp_ms: NOW_MS + index })] }),
  )
  await store.append(batch)
  const moved = async (): Promise<unknown> => {
    const { rows } = await postgres.query(
      `SELECT EXISTS (SELECT 1 FROM telemetry.report_blocks) AS reports,
         EXISTS (SELECT 1 FROM telemetry.series_chunks) AS rows`,
    )
    return rows[0]
  }
  await store.maintain(Date.now() + 0.9 * DAY_MS, null)
  assert.deepEqual(await moved(), { reports: false, rows: false })
  await store.maintain(Date.now() + 1.1 * DAY_MS, null)
  assert.deepEqual(await moved(), { reports: true, rows: true })
  await postgres.close()
  await store.close()
})

describe('PostgreSQL: the weeks', () => {
  async function weeksOf(url: string): Promise<number[]> {
    const postgres = openPostgres(url)
    const { rows } = await postgres.query<{ name: string }>(
      `SELECT c.relname AS name FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
       WHERE i.inhparent = 'telemetry.metrics'::regclass`,
    )
    await postgres.close()
    const weeks = rows.map(({ name }) => Number(/_week_(\d+)$/.exec(name)?.[1] ?? -1))
    return weeks.filter((week) => week >= 0).sort((a, b) => a - b)
  }

  it('are created ahead, and when a row needs a missing one', async () => {
    const { url, store } = await openPlace()
    const [first = 0] = await weeksOf(url)
    await store.maintain(Date.now(), null)
    assert.deepEqual(await weeksOf(url), [first, first + 1, first + 2, first + 3])
    const timestamp_ms = (first + 9) * WEEK_MS
    const another = await openPostgresTelemetryStore(url)
    const outcomes = await Promise.all(
      [store, another].map((one) => one.append([observationOf({ timestamp_ms })])),
    )
    assert.deepEqual(outcomes, [['stored'], ['stored']])
    assert.equal((await weeksOf(url)).at(-1), first + 9)
    for (const one of [store, another]) await one.close()
  })

  it('are dropped when they have expired for every tenant', async () => {
    const { url, store } = await openOldPlace()
    const days = [-100, -90, -50, -3, 0]
    await store.append(
      days.map((day) => observationOf({ timestamp_ms: NOW_MS + day * DAY_MS, asset_id: `${day}` })),
    )
    const before = await weeksOf(url)
    const report = await store.maintain(NOW_MS, 30)
    const after = await weeksOf(url)
    assert.equal(report.droppedPartitions, 3 * TABLES.length)
    const gone = before.filter((week) => !after.includes(week))
    assert.ok(gone.every((week) => (week + 1) * WEEK_MS <= NOW_MS - 30 * DAY_MS))
    assert.equal(gone.length, 3)
    await store.close()
  })

  it('stay while one organization retains them', async () => {
    const { url, store } = await openOldPlace()
    const old = { timestamp_ms: NOW_MS - 100 * DAY_MS }
    await store.append([observationOf(old), observationOf({ ...old, org_id: 'org_2' })])
    await store.setRetention('org_2', 365)
    const before = await weeksOf(url)
    const report = await store.maintain(NOW_MS, 30)
    assert.equal(report.droppedPartitions, 0)
    assert.ok(before.every((week) => week > 0))
    assert.equal(await store.findAsset(observationOf(), 'truck'), null)
    assert.ok((await store.findAsset(observationOf({ org_id: 'org_2' }), 'truck')) !== null)
    await store.close()
  })
})

describe('PostgreSQL: the keys of an asset', () => {
  const OLD_MS = NOW_MS - 100 * DAY_MS
  const ofKeys = (timestamp_ms: number, keys: readonly string[], org_id = 'org_1') =>
    observationOf({
      org_id,
      timestamp_ms,
      metrics: keys.map((key) => measurementOf({ key, timestamp_ms })),
    })

  async function open() {
    const { url, store } = await openOldPlace()
    const postgres = openPostgres(url)
    const keys = async (org_id = 'org_1') => {
      const { rows } = await postgres.query<{ key: string }>(
        `SELECT key FROM telemetry.metric_keys JOIN telemetry.tenants USING (tenant)
         WHERE org_id = $1 ORDER BY key`,
        [org_id],
      )
      return rows.map(({ key }) => key)
    }
    const close = async () => {
      await postgres.close()
      await store.close()
    }
    return { store, postgres, keys, close }
  }

  it('are deleted with their last value, in as many steps as needed', async () => {
    const { store, keys, close } = await open()
    const gone = Array.from({ length: 1100 }, (_, index) => `x.gone${index}`)
    await store.append([
      ofKeys(OLD_MS, ['x.alive', ...gone]),
      ofKeys(NOW_MS, ['x.alive', 'x.new']),
      ofKeys(OLD_MS, ['x.gone0'], 'org_2'),
    ])
    // Deleted row by row, since another tenant retains the week.
    await store.setRetention('org_2', 365)
    await store.maintain(NOW_MS, 30)
    assert.deepEqual(await keys(), ['x.alive', 'x.new'])
    assert.deepEqual(await keys('org_2'), ['x.gone0'])
    await close()
  })

  it('are deleted with a dropped week', async () => {
    const { store, keys, close } = await open()
    await store.append([ofKeys(OLD_MS, ['x.alive', 'x.gone']), ofKeys(NOW_MS, ['x.alive'])])
    assert.ok((await store.maintain(NOW_MS, 30)).droppedPartitions > 0)
    assert.deepEqual(await keys(), ['x.alive'])
    await close()
  })

  it('stay when a value is stored while they are checked', async () => {
    const { store, postgres, keys, close } = await open()
    await store.append([ofKeys(OLD_MS, ['x.back', 'x.gone']), ofKeys(OLD_MS, ['x.back'], 'org_2')])
    await store.append([ofKeys(NOW_MS, ['x.other'])])
    await store.setRetention('org_2', 365)
    const maintained = await postgres.transaction(
      async (query) => {
        await query(`SELECT 1 FROM telemetry.tenants WHERE org_id = 'org_1' FOR UPDATE`)
        await query(
          `INSERT INTO telemetry.metrics
           SELECT m.tenant, asset, key, $1, sequence, 99, item, number FROM telemetry.metrics m
           JOIN telemetry.tenants USING (tenant) WHERE org_id = 'org_1' AND key = 'x.back'`,
          [NOW_MS],
        )
        const promise = store.maintain(NOW_MS, 30)
        for (let waits = false; !waits; ) {
          const { rows } = await postgres.query(
            `SELECT 1 FROM pg_stat_activity WHERE datname = current_database()
             AND wait_event_type = 'Lock' AND query LIKE '%FOR UPDATE'`,
          )
          waits = rows.length > 0
        }
        // In an object, since a promise would be awaited before the COMMIT.
        return { promise }
      },
      { timeoutMs: 9000 },
    )
    await maintained.promise
    assert.deepEqual(await keys(), ['x.back', 'x.other'])
    await close()
  })
})

describe('PostgreSQL: old rows move to chunks', () => {
  /** The number of transactions that wrote the chunks there are, and of chunks. */
  async function writesOf(url: string): Promise<{ writes: number; chunks: number }> {
    const postgres = openPostgres(url)
    const { rows } = await postgres.query<{ writes: number; chunks: number }>(
      `SELECT count(DISTINCT xmin::text) AS writes, count(*) AS chunks
       FROM telemetry.series_chunks`,
    )
    await postgres.close()
    return rows[0] ?? { writes: 0, chunks: 0 }
  }

  it('in weeks that a program of the version before has made', async () => {
    const { url, store } = await openPlace()
    const week = Math.floor(Date.now() / WEEK_MS) + 9
    const reports = Array.from({ length: 100 }, (_, second) => {
      const timestamp_ms = week * WEEK_MS + second * 1000
      return observationOf({ timestamp_ms, metrics: [measurementOf({ timestamp_ms })] })
    })
    await store.append(reports)
    const postgres = openPostgres(url)
    await postgres.query(`DROP TABLE telemetry.series_chunks_week_${week}`)
    await postgres.close()
    await store.maintain((week + 8) * WEEK_MS, null)
    assert.equal((await writesOf(url)).chunks, 1)
    await store.close()
  })

  it('in short transactions, however long the values are', async () => {
    const { url, store } = await openPlace()
    const value = 'x'.repeat(LENGTH_A_STEP / 2)
    const seconds = Array.from({ length: 9 }, (_, second) => second)
    await store.append(seconds.map((second) => measured(second, value)))
    await store.maintain(LATER_MS, null)
    assert.deepEqual(await writesOf(url), { writes: 4, chunks: 8 })
    await store.close()
  })

  it('in short transactions, however many series and weeks there are', async () => {
    const { url, store } = await openPlace()
    const keys = Array.from({ length: 150 }, (_, index) => `x.key${index}`)
    await store.append([ofKeysAt(NOW_MS, keys), ofKeysAt(NOW_MS + 1000, keys)])
    await store.maintain(LATER_MS, null)
    assert.deepEqual(await writesOf(url), { writes: 3, chunks: 150 })
    const weeks = [1, 2, 3, 4].map((week) => NOW_MS - week * WEEK_MS)
    await store.append(weeks.map((timestamp_ms) => ofKeysAt(timestamp_ms, ['y.old'])))
    await store.maintain(LATER_MS, null)
    assert.deepEqual(await writesOf(url), { writes: 6, chunks: 153 })
    await store.close()
  })

  it('however many rows a series has', async () => {
    const { url, store } = await openPlace()
    for (let first = 0; first < 2500; first += 500) {
      const seconds = Array.from({ length: 500 }, (_, index) => first + index)
      await store.append(seconds.map((second) => measured(second, second)))
    }
    await store.maintain(LATER_MS, null)
    assert.deepEqual(await writesOf(url), { writes: 3, chunks: 5 })
    await store.close()
  })
})

function ofKeysAt(timestamp_ms: number, keys: readonly string[]) {
  const metrics = keys.map((key) => measurementOf({ key, timestamp_ms }))
  return observationOf({ timestamp_ms, metrics })
}

it('PostgreSQL: one instance notifies another of the tenant that stored something', async () => {
  const { store, openAnother } = await openPlace()
  const another = await openAnother()
  const notified = Promise.withResolvers<void>()
  const listening = Promise.withResolvers<void>()
  another.watch((tenant) => {
    // The first notification means that the instance listens now.
    if (tenant === null) return listening.resolve()
    if (tenant.org_id === 'org_"2"') notified.resolve()
  })
  await listening.promise
  await store.append([observationOf({ org_id: 'org_"2"' })])
  await notified.promise
  for (const one of [store, another]) await one.close()
})

it('PostgreSQL: an invalid notification on the channel is only a hint', async () => {
  const { url, store } = await openPlace()
  const tenants: unknown[] = []
  let onNotified = (): void => {}
  const nextNotification = () =>
    new Promise<void>((resolve) => {
      onNotified = resolve
    })
  const listening = nextNotification()
  store.watch((tenant) => {
    tenants.push(tenant)
    onNotified()
  })
  await listening
  const otherClient = openPostgres(url)
  for (const payload of ['not json', 'null', '5', '{"org_id":1}', '']) {
    const next = nextNotification()
    await otherClient.query(`SELECT pg_notify('modulariot_telemetry', $1)`, [payload])
    await next
  }
  assert.deepEqual(tenants, Array(6).fill(null))
  await otherClient.close()
  await store.close()
})

it('PostgreSQL: the migration to time series keeps existing data', async () => {
  const url = await server.createDatabase()
  const postgres = openPostgres(url)
  const migrations = readMigrations(new URL('./migrations/', import.meta.url))
  await migratePostgres(postgres, 'telemetry', migrations.slice(0, 1))
  for (const one of OLD_OBSERVATIONS) {
    const { org_id, environment, client_id, request_id, body_digest } = one
    const { timestamp_ms, received_ms, payload } = one
    const asset_id = Buffer.from(one.asset_id)
    const request = [org_id, environment, client_id, request_id, body_digest]
    const { rows } = await postgres.query<{ id: number }>(
      `INSERT INTO telemetry.observations (org_id, environment, client_id, request_id, body_digest,
         asset_id, timestamp_ms, received_ms, payload)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING observation_id AS id`,
      [...request, asset_id, timestamp_ms, received_ms, payload],
    )
    await postgres.query(
      `INSERT INTO telemetry.assets VALUES ($1, $2, $3, NULL, $4, $5, $5, $6)
       ON CONFLICT DO NOTHING`,
      [org_id, environment, asset_id, timestamp_ms, received_ms, rows[0]?.id],
    )
  }
  await postgres.close()
  const store = await openPostgresTelemetryStore(url)
  await assertMigrated(store)
  await store.close()
})

describe('PostgreSQL: the migration to hashes of requests', () => {
  /** As the version before appends one report. */
  async function appendAsBefore(postgres: Postgres, one: Observation): Promise<unknown> {
    const { org_id, environment, client_id, request_id, item, body_digest, asset_id } = one
    const { timestamp_ms, received_ms, payload } = one
    const report = [1, client_id, request_id, item, null, body_digest, asset_id, null]
    const values = [org_id, environment, ...report, timestamp_ms, received_ms, payload]
    const types = `text text int text text bigint int bytea text text bigint bigint text
      int float8 float8 float8 float8 float8 float8 float8
      int text bigint bigint bigint float8 text text text text int bigint bigint text text text`
    const parameters = types.split(/\s+/).map((type, index) => `$${index + 1}::${type}[]`)
    const { rows } = await postgres.query(
      `SELECT telemetry.append(${parameters.join(', ')}) AS outcome`,
      [...values.map((value) => [value]), ...Array(24).fill([])],
    )
    return rows[0]?.outcome
  }

  it('knows every request', async () => {
    const url = await server.createDatabase()
    const postgres = openPostgres(url)
    const migrations = readMigrations(new URL('./migrations/', import.meta.url))
    await migratePostgres(postgres, 'telemetry', migrations.slice(0, 6))
    await postgres.query(
      `INSERT INTO telemetry.tenants (org_id, environment, last_seq) VALUES ('org_1', 'production', 5);
       INSERT INTO telemetry.assets OVERRIDING SYSTEM VALUE
         VALUES (1, 1, 'truck', NULL, 0, 0, 0, 5), (2, 1, 'van', NULL, 0, 0, 0, 3)`,
    )
    for (const [index, one] of REQUESTS_AS_TEXTS.entries()) {
      const asset = one.asset_id === 'truck' ? 1 : 2
      await postgres.query(
        'INSERT INTO telemetry.observations VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)',
        [...columnsAsTexts(one, { asset, seq: index + 1 })],
      )
    }
    await postgres.query(`SELECT setval(pg_get_serial_sequence('telemetry.assets', 'asset'), 2)`)
    await postgres.close()
    const store = await openPostgresTelemetryStore(url)
    await assertRequestsKnown(store)
    await store.close()
  })

  it('lets an instance of the version before store reports, each once', async () => {
    const { url, store } = await openPlace()
    const postgres = openPostgres(url)
    const [first, second] = [observationOf(), observationOf()]
    assert.equal(await appendAsBefore(postgres, first), 's')
    assert.equal(await appendAsBefore(postgres, first), 'r')
    assert.deepEqual(await store.append([first, second]), ['replayed', 'stored'])
    assert.equal(await appendAsBefore(postgres, second), 'r')
    const other = { ...second, body_digest: Buffer.alloc(32) }
    assert.equal(await appendAsBefore(postgres, other), 'c')
    await postgres.close()
    await store.close()
  })
})

it('PostgreSQL: requests expire in ranges of their table, once a day', async () => {
  const { url, store } = await openPlace()
  await store.append([observationOf()])
  const postgres = openPostgres(url)
  const fill = (count: number, received: number) =>
    postgres.query(
      `INSERT INTO telemetry.requests (tenant, asset, received, hash, digest)
       SELECT tenant, 1, $1, sha256(n::text::bytea), 'x' FROM telemetry.tenants, generate_series(1, $2) n`,
      [received, count],
      { timeoutMs: 20_000 },
    )
  const count = async (): Promise<unknown> =>
    (await postgres.query('SELECT count(*)::int AS n FROM telemetry.requests')).rows[0]?.n
  const today = Math.floor(NOW_MS / DAY_MS)
  // More than one range of pages.
  await fill(150_000, today - 32)
  await store.maintain(NOW_MS, 30)
  assert.equal(await count(), 1)
  await fill(10, today - 32)
  await store.maintain(NOW_MS, 30)
  assert.equal(await count(), 11, 'not again on the same day')
  await store.maintain(NOW_MS + DAY_MS, 30)
  assert.equal(await count(), 1)
  await postgres.close()
  await store.close()
})

it('PostgreSQL: old reports and requests are copied to it and from it as they are', async () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'miot-'))
  const [first, last] = ['first.db', 'last.db'].map((name) => join(folder.path, name))
  const later_ms = Date.now() + 3 * DAY_MS
  const batch = Array.from({ length: 600 }, (_, index) =>
    observationOf({ asset_id: `asset-${index % 7}`, timestamp_ms: NOW_MS + index }),
  )
  const url = await server.createDatabase(migrated)
  const before = openSqliteTelemetryStore(first as string)
  await before.append(batch)
  await before.maintain(later_ms, null)
  const feed = await before.readSince(TENANT, 0, 1000)
  await before.close()
  await openSqliteTelemetryStore(last as string).close()

  const asPostgres = { url, schema: 'telemetry', makeRoom }
  const copy = (source: HeldDatabase, target: HeldDatabase) =>
    copyTables(source, target, TELEMETRY_TABLES)
  const copied = await withSqliteTables(first as string, 'read', (source) =>
    withPostgresTables(asPostgres, 'write', (target) => copy(source, target)),
  )
  const rows = Object.fromEntries(copied.map((table) => [table.table, table.rows]))
  assert.deepEqual([rows.report_blocks, rows.observations, rows.requests], [1, 89, 600])
  const between = await openPostgresTelemetryStore(url)
  assert.deepEqual(await between.readSince(TENANT, 0, 1000), feed)
  assert.deepEqual(await between.append(batch), Array(600).fill('replayed'))
  // A late row joins the block that came along.
  await between.append([observationOf({ asset_id: 'asset-0', timestamp_ms: NOW_MS + 9999 })])
  await between.maintain(later_ms, null)
  const more = await between.readSince(TENANT, 0, 1000)
  assert.equal(more.entries.length, 601)
  await between.close()

  await withPostgresTables(asPostgres, 'read', (source) =>
    withSqliteTables(last as string, 'write', (target) => copy(source, target)),
  )
  const after = openSqliteTelemetryStore(last as string)
  assert.deepEqual(await after.readSince(TENANT, 0, 1000), more)
  assert.deepEqual(await after.append(batch), Array(600).fill('replayed'))
  await after.close()
})

it('PostgreSQL: many erasures at once take one connection', async () => {
  const { url, store } = await openPlace()
  const names = Array.from({ length: 8 }, (_, n) => `truck-${n}`)
  await store.append(names.map((asset_id) => observationOf({ asset_id })))
  const other = openPostgres(url)
  const count = async (query: string): Promise<number> =>
    (await other.query<{ n: number }>(`SELECT count(*)::int AS n FROM ${query}`)).rows[0]?.n ?? 0
  let erased: Promise<unknown[]> = Promise.resolve([])
  await other.transaction(async (query) => {
    await query('LOCK TABLE telemetry.events IN ACCESS EXCLUSIVE MODE')
    erased = Promise.all(names.map((name) => store.eraseAsset(TENANT, name)))
    const waiting = `pg_stat_activity
      WHERE datname = current_database() AND application_name = 'modulariot-api'
        AND wait_event = 'relation'`
    while ((await count('telemetry.erasures')) < names.length || (await count(waiting)) === 0);
    // Long enough for the others to get there, too, if they did.
    for (let n = 0; n < 20; n++) assert.equal(await count(waiting), 1)
  })
  assert.equal((await erased).includes(null), false)
  for (const table of ['erasures', 'observations', 'requests']) {
    assert.equal(await count(`telemetry.${table}`), 0, table)
  }
  await other.close()
  await store.close()
})
