/** The telemetry store on PostgreSQL, which several instances can share. */

import { setImmediate } from 'node:timers/promises'
import {
  assertWritable,
  migratePostgres,
  openPostgres,
  type Postgres,
  type PostgresOptions,
  trialWrite,
} from '@modulariot/platform/postgres'
import { nextFlight } from '@modulariot/platform/single-flight'
import {
  type Migrated,
  readMigrations,
  StoreUnavailable,
  type Writability,
  watchWrites,
} from '@modulariot/platform/storage'
import { isSealed, unseal } from '../packed.ts'
import type { AppendOutcome, Observation, SealedObservations, TelemetryStore } from '../store.ts'
import { createWatchers } from '../watchers.ts'
import { appendBatch } from './append.ts'
import { beginErasure, compact, finishErasures } from './erase.ts'
import { maintain } from './maintain.ts'
import { createNotifier } from './notifier.ts'
import { isPartitionMissing, makePartitionsFor } from './partitions.ts'
import { PostgresReads } from './reads.ts'

export { makeRoom } from './partitions.ts'

const APPLICATION_NAME = 'modulariot-api'
const SCHEMA = 'telemetry'
const MIGRATIONS = new URL('./migrations/', import.meta.url)

/** The version that this program migrates a database to. */
export function postgresTelemetryVersion(): number {
  return readMigrations(MIGRATIONS).length
}
/** The timeout grows with the batch, to distinguish a hanging server from a busy one. */
const APPEND_TIMEOUT_MS = 2000
const APPEND_TIMEOUT_MS_EACH = 6
const APPEND_TIMEOUT_MS_EACH_PART = 0.25

/**
 * @param url `postgres://user:password@host:port/database`, with the parameters of
 *   `parsePostgresUrl`.
 * @throws StoreUnavailable; Error when the migrations do not fit this program.
 */
export async function openPostgresTelemetryStore(
  url: string,
  options: Pick<PostgresOptions, 'maxConnections'> = {},
): Promise<TelemetryStore> {
  const postgres = openPostgres(url, { applicationName: APPLICATION_NAME, ...options })
  try {
    await migrateSchema(postgres)
    return watchWrites(createStore(postgres), {
      write: () => trialWrite(postgres, SCHEMA),
      everyMs: null,
    })
  } catch (error) {
    await postgres.close()
    throw error
  }
}

/** Migrates the schema to the newest version, without opening the store. */
export async function migratePostgresTelemetryStore(url: string): Promise<Migrated> {
  const postgres = openPostgres(url, { applicationName: APPLICATION_NAME })
  try {
    return await migrateSchema(postgres)
  } finally {
    await postgres.close()
  }
}

async function migrateSchema(postgres: Postgres): Promise<Migrated> {
  const migrations = readMigrations(MIGRATIONS)
  return migratePostgres(postgres, SCHEMA, migrations)
}

function createStore(postgres: Postgres): Omit<TelemetryStore, keyof Writability> {
  const watchers = createWatchers()
  const notifier = createNotifier(postgres, watchers)
  const reads = new PostgresReads(postgres)
  const underWay = new Set<Promise<unknown>>()
  // One at a time: each takes a connection, and erases what all have begun.
  const finishAll = nextFlight(() => finishErasures(postgres))
  let closed = false

  async function append(
    batch: readonly (Observation | SealedObservations)[],
  ): Promise<AppendOutcome[]> {
    if (closed) throw new StoreUnavailable('the store is closed')
    if (batch.length === 0) return []
    const writing = unsealAll(batch).then(write)
    underWay.add(writing)
    try {
      return await writing
    } finally {
      underWay.delete(writing)
    }
  }

  async function write(batch: readonly Observation[]): Promise<AppendOutcome[]> {
    const parts = batch.reduce((sum, one) => sum + one.metrics.length + one.events.length, 0)
    const timeoutMs = Math.ceil(
      APPEND_TIMEOUT_MS +
        APPEND_TIMEOUT_MS_EACH * batch.length +
        APPEND_TIMEOUT_MS_EACH_PART * parts,
    )
    const once = () => appendBatch(postgres, batch, timeoutMs)
    const outcomes = await once().catch(async (error: unknown) => {
      if (!isPartitionMissing(error)) throw error
      await makePartitionsFor(postgres, batch)
      return once()
    })
    watchers.notify(batch)
    notifier.notify(batch)
    return outcomes
  }

  return {
    ping: () => assertWritable(postgres),
    append,
    findAsset: (tenant, asset_id) => reads.findAsset(tenant, asset_id),
    listAssets: (tenant, query) => reads.listAssets(tenant, query),
    positions: (tenant, ...query) => reads.positions(tenant, ...query),
    metrics: (tenant, ...query) => reads.metrics(tenant, ...query),
    metricBuckets: (tenant, ...query) => reads.metricBuckets(tenant, ...query),
    latestMetrics: (tenant, ...query) => reads.latestMetrics(tenant, ...query),
    events: (tenant, query) => reads.events(tenant, query),
    readSince: (tenant, ...query) => reads.readSince(tenant, ...query),
    watch: notifier.watch,
    findRetention: (org_id) => reads.findRetention(org_id),
    async setRetention(org_id, days) {
      if (days === null) {
        await postgres.query('DELETE FROM telemetry.retention WHERE org_id = $1', [org_id])
      } else await postgres.query(SET_RETENTION, [org_id, days])
    },
    async maintain(nowMs, retentionDays) {
      // Damaged data may stop one of them, not the other.
      try {
        return await maintain(postgres, nowMs, retentionDays)
      } finally {
        await finishAll()
      }
    },
    async eraseAsset(tenant, asset_id) {
      if (!(await beginErasure(postgres, tenant, asset_id))) return null
      await finishAll()
      return { compacted: false }
    },
    async compact() {
      await finishAll()
      await compact(postgres)
    },
    async close() {
      closed = true
      await Promise.allSettled(underWay)
      await notifier.stop()
      await postgres.close()
    },
  }
}

/**
 * Unseals a piece at a time, since a large batch takes milliseconds, and yields to the event loop
 * in between. There are no turns of tenants, since the commit queue of all tenants waits for this
 * batch.
 */
async function unsealAll(
  batch: readonly (Observation | SealedObservations)[],
): Promise<readonly Observation[]> {
  const observations: Observation[] = []
  for (const one of batch) {
    if (!isSealed(one)) {
      observations.push(one)
      continue
    }
    for (const piece of one.pieces) {
      await setImmediate()
      observations.push(...unseal(piece))
    }
  }
  return observations
}

const SET_RETENTION = `INSERT INTO telemetry.retention VALUES ($1, $2)
  ON CONFLICT (org_id) DO UPDATE SET days = excluded.days`
