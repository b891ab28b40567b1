/**
 * The telemetry store in one SQLite file. Short reads run on the main thread, long reads and writes
 * on threads of their own.
 */

import type { DatabaseSync } from 'node:sqlite'
import { nextFlight } from '@modulariot/platform/single-flight'
import { nextSlice } from '@modulariot/platform/slices'
import {
  attempt,
  migrate,
  openDatabase,
  readMigrations,
  StoreUnavailable,
  trialWrite,
  type Writability,
  watchForDamage,
  watchWrites,
} from '@modulariot/platform/storage'
import { type Caller, threadCaller } from '@modulariot/platform/threads'
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

/** The version that this program migrates a database to. */
export function sqliteTelemetryVersion(): number {
  return readMigrations(MIGRATIONS).length
}

const MIGRATIONS = new URL('./migrations/', import.meta.url)

/** Often enough for a balancer, and one write to the disk each. */
const TRIAL_EVERY_MS = 5000

/** @throws Error when the file cannot be opened or its migrations do not fit this program. */
export function openSqliteTelemetryStore(
  path: string,
  options: SqliteTelemetryOptions = {},
): TelemetryStore {
  const database = openMigrated(path)
  const writer = threadCaller<WriterCalls>({
    script: new URL('./writer-thread.ts', import.meta.url),
    workerData: { path, ...options } satisfies WriterData,
    ...errorsOf('writer'),
  })
  const reader = threadCaller<ReaderCalls>({
    script: new URL('./reader-thread.ts', import.meta.url),
    workerData: { path } satisfies ReaderData,
    ...errorsOf('reader'),
  })
  const watchers = createWatchers()
  const reads = new SqliteReads(database)
  const ping = database.prepare('SELECT 1')
  const hasReports = database.prepare('SELECT EXISTS (SELECT 1 FROM tenants) AS found')
  // Together: a rebuild for each of many erasures would keep all reports waiting.
  const finishAll = nextFlight(async () => {
    await finishErasures(writer)
    return writer.call('compact', [MAX_REBUILT_BYTES]).catch(ifUnavailable)
  })

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

  const store: Omit<TelemetryStore, keyof Writability> = {
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
    async maintain(...rule) {
      // Nothing is old or half erased then, and the writer's thread takes 15 MB.
      const isEmpty = database.isOpen && !(await attempt(() => hasReports.get()?.found))
      return isEmpty ? NOTHING_REMOVED : maintain(writer, ...rule)
    },
    async eraseAsset(tenant, asset_id) {
      const begun = await writer.call('beginErasure', [tenantOnly(tenant), asset_id])
      return begun ? { compacted: await finishAll() } : null
    },
    async compact() {
      await finishErasures(writer)
      await writer.call('compact', [Number.MAX_SAFE_INTEGER])
    },
    close: async () => {
      // The clients of pending reads have disconnected.
      await Promise.all([reader.terminate(), writer.close()])
      if (database.isOpen) database.close()
    },
  }
  return watchWrites(watchForDamage(store, path), {
    write: () => attempt(() => trialWrite(path)),
    everyMs: TRIAL_EVERY_MS,
  })
}

function openMigrated(path: string): DatabaseSync {
  const database = openDatabase(path)
  try {
    migrate(database, readMigrations(MIGRATIONS))
    return database
  } catch (error) {
    database.close()
    throw error
  }
}

const NOTHING_REMOVED = { removedRows: 0, droppedPartitions: 0 } as const

/** Step by step: appends are written in between. */
async function maintain(writer: Caller<WriterCalls>, nowMs: number, retentionDays: number | null) {
  await finishErasures(writer)
  for (let removedRows = 0; ; ) {
    const step = await writer.call('maintain', [nowMs, retentionDays])
    removedRows += step.removedRows
    if (step.done) return { removedRows, droppedPartitions: 0 }
  }
}

/** A rebuild delays waiting batches by about a second, and takes as much memory. */
const MAX_REBUILT_BYTES = 64 * 1024 ** 2

/** The rows are gone even if the file cannot be rebuilt, as on a full disk. */
function ifUnavailable(error: unknown): false {
  if (error instanceof StoreUnavailable) return false
  throw error
}

/** Step by step: appends are written in between. Also continues what a crash has interrupted. */
async function finishErasures(writer: Caller<WriterCalls>): Promise<void> {
  for (let done = false; !done; ) ({ done } = await writer.call('erase', []))
}

/** Drops other members, such as token claims, which a thread does not need. */
function tenantOnly({ org_id, environment }: Tenant): Tenant {
  return { org_id, environment }
}
