/**
 * The telemetry store in one SQLite file. Short reads run on the main thread, long reads and writes
 * on threads of their own.
 */

import type { DatabaseSync } from 'node:sqlite'
import { nextSlice } from '@modulariot/platform/slices'
import {
  attempt,
  migrate,
  openDatabase,
  readMigrations,
  watchForDamage,
} from '@modulariot/platform/storage'
import { Thread } from '@modulariot/platform/threads'
import { isSealed, pack } from '../packed.ts'
import type {
  AppendOutcome,
  Observation,
  SealedObservations,
  TelemetryStore,
  Tenant,
} from '../store.ts'
import { tenantName } from '../tenant-name.ts'
import { createWatchers } from '../watchers.ts'
import type { ReaderCalls, ReaderData } from './reader-thread.ts'
import { SqliteReads } from './reads.ts'
import { errorsOf } from './thread-errors.ts'
import type { WriterCalls, WriterData } from './writer-thread.ts'

export interface SqliteTelemetryOptions {
  /** Maximum size of the file in pages of 4 KiB; past it, writes fail as on a full disk. */
  readonly maxPages?: number
}

/** @throws Error when the file cannot be opened or its migrations do not fit this program. */
export function openSqliteTelemetryStore(
  path: string,
  options: SqliteTelemetryOptions = {},
): TelemetryStore {
  const database = openMigrated(path)
  const writer = new Thread<WriterCalls>({
    script: new URL('./writer-thread.ts', import.meta.url),
    workerData: { path, ...options } satisfies WriterData,
    ...errorsOf('writer'),
  })
  const reader = new Thread<ReaderCalls>({
    script: new URL('./reader-thread.ts', import.meta.url),
    workerData: { path } satisfies ReaderData,
    ...errorsOf('reader'),
  })
  const watchers = createWatchers()
  const reads = new SqliteReads(database)
  const ping = database.prepare('SELECT 1')

  async function append(
    batch: readonly (Observation | SealedObservations)[],
  ): Promise<AppendOutcome[]> {
    const packed = batch.map((one) => (isSealed(one) ? one : pack(one)))
    const [first] = batch
    const alone = batch.length === 1 && first !== undefined && isSealed(first)
    const pieces = alone ? first.pieces : []
    const moved = pieces.map(({ buffer }) => buffer)
    const outcomes = await writer.call('append', [packed], { moved })
    watchers.notify(batch)
    return outcomes
  }

  const store: TelemetryStore = {
    ping: () => attempt(() => void ping.get()),
    append,
    findAsset: (tenant, asset_id) => attempt(() => reads.findAsset(tenant, asset_id)),
    listAssets: (tenant, query) => reader.call('listAssets', [tenantOnly(tenant), query]),
    positions: (tenant, ...query) => reader.call('positions', [tenantOnly(tenant), ...query]),
    metrics: (tenant, ...query) => reader.call('metrics', [tenantOnly(tenant), ...query]),
    metricBuckets: (tenant, asset_id, { signal, ...query }) =>
      reader.call('metricBuckets', [tenantOnly(tenant), asset_id, query], { signal }),
    latestMetrics: (tenant, ...query) =>
      reader.call('latestMetrics', [tenantOnly(tenant), ...query]),
    events: (tenant, query) => reader.call('events', [tenantOnly(tenant), query]),
    async readSince(tenant, after, limit) {
      await nextSlice(tenantName(tenant))
      return attempt(() => reads.readSince(tenant, after, limit))
    },
    watch: watchers.add,
    findRetention: (org_id) => attempt(() => reads.findRetention(org_id)),
    setRetention: (org_id, days) => writer.call('setRetention', [org_id, days]),
    maintain: (...rule) => maintain(writer, ...rule),
    close: async () => {
      // The clients of pending reads have disconnected.
      await Promise.all([reader.terminate(), writer.close()])
      if (database.isOpen) database.close()
    },
  }
  return watchForDamage(store, path)
}

function openMigrated(path: string): DatabaseSync {
  const database = openDatabase(path)
  try {
    migrate(database, readMigrations(new URL('./migrations/', import.meta.url)))
    return database
  } catch (error) {
    database.close()
    throw error
  }
}

/** Step by step: appends are written in between. */
async function maintain(writer: Thread<WriterCalls>, nowMs: number, retentionDays: number | null) {
  for (let removedRows = 0; ; ) {
    const step = await writer.call('maintain', [nowMs, retentionDays])
    removedRows += step.removedRows
    if (step.done) return { removedRows, droppedPartitions: 0 }
  }
}

/** Drops other members, such as token claims, which a thread does not need. */
function tenantOnly({ org_id, environment }: Tenant): Tenant {
  return { org_id, environment }
}
