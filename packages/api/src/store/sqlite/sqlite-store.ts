/**
 * The telemetry store in one SQLite file. Short reads run on the main thread, long reads on a
 * thread of their own, and writes on another, which several processes can share.
 */

import type { DatabaseSync } from 'node:sqlite'
import type { Channel } from '@modulariot/platform/peers'
import { nextFlight } from '@modulariot/platform/single-flight'
import { nextSlice } from '@modulariot/platform/slices'
import {
  attempt,
  openDatabase,
  StoreUnavailable,
  trialWrite,
  type Writability,
  watchForDamage,
  watchWrites,
} from '@modulariot/platform/storage'
import { threadCaller } from '@modulariot/platform/threads'
import type { TelemetryStore, Tenant } from '../store.ts'
import { tenantName } from '../tenant-name.ts'
import { migrateTelemetry } from './migrate.ts'
import type { ReaderCalls, ReaderData } from './reader-thread.ts'
import { SqliteReads } from './reads.ts'
import { errorsOf } from './thread-errors.ts'
import { ownWriter, remoteWriter, type Writer } from './writer.ts'

export interface SqliteTelemetryOptions {
  /**
   * Maximum size of the file in pages of 4 KiB; past it, writes fail as on a full disk. For a
   * writer of its own; another process has this in its `hostTelemetryWriter`.
   */
  readonly maxPages?: number
  /**
   * To the process that writes for all stores of this file (`hostTelemetryWriter`). Default: a
   * thread of this process writes.
   */
  readonly writer?: Channel
}

export { sqliteTelemetryVersion } from './migrate.ts'

/** Often enough for a balancer, and one write to the disk each. */
const TRIAL_EVERY_MS = 5000

/** @throws Error when the file cannot be opened or its migrations do not fit this program. */
export function openSqliteTelemetryStore(
  path: string,
  { writer: channel, ...options }: SqliteTelemetryOptions = {},
): TelemetryStore {
  const database = openMigrated(path)
  const writer = channel ? remoteWriter(channel) : ownWriter({ path, ...options })
  const reader = threadCaller<ReaderCalls>({
    script: new URL('./reader-thread.ts', import.meta.url),
    workerData: { path } satisfies ReaderData,
    ...errorsOf('reader'),
  })
  const reads = new SqliteReads(database)
  const ping = database.prepare('SELECT 1')
  const hasReports = database.prepare('SELECT EXISTS (SELECT 1 FROM tenants) AS found')
  // Together: a rebuild for each of many erasures would keep all reports waiting.
  const finishAll = nextFlight(async () => {
    await finishErasures(writer)
    return writer.others.call('compact', [MAX_REBUILT_BYTES]).catch(ifUnavailable)
  })

  const store: Omit<TelemetryStore, keyof Writability> = {
    ping: () => attempt(() => void ping.get()),
    append: writer.append,
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
    watch: writer.watch,
    findRetention: (org_id) => attempt(() => reads.findRetention(org_id)),
    setRetention: (org_id, days) => writer.others.call('setRetention', [org_id, days]),
    async maintain(...rule) {
      // Nothing is old or half erased then, and the writer's thread takes 15 MB.
      const isEmpty = database.isOpen && !(await attempt(() => hasReports.get()?.found))
      return isEmpty ? NOTHING_REMOVED : maintain(writer, ...rule)
    },
    async eraseAsset(tenant, asset_id) {
      const begun = await writer.others.call('beginErasure', [tenantOnly(tenant), asset_id])
      return begun ? { compacted: await finishAll() } : null
    },
    async compact() {
      await finishErasures(writer)
      await writer.others.call('compact', [Number.MAX_SAFE_INTEGER])
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
    migrateTelemetry(database)
    return database
  } catch (error) {
    database.close()
    throw error
  }
}

const NOTHING_REMOVED = { removedRows: 0, droppedPartitions: 0 } as const

/** Step by step: appends are written in between. Damaged data may stop one part, not the other. */
async function maintain(writer: Writer, nowMs: number, retentionDays: number | null) {
  try {
    for (let removedRows = 0; ; ) {
      const step = await writer.others.call('maintain', [nowMs, retentionDays])
      removedRows += step.removedRows
      if (step.done) return { removedRows, droppedPartitions: 0 }
    }
  } finally {
    await finishErasures(writer)
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
async function finishErasures(writer: Writer): Promise<void> {
  for (let done = false; !done; ) ({ done } = await writer.others.call('erase', []))
}

/** Drops other members, such as token claims, which a thread does not need. */
function tenantOnly({ org_id, environment }: Tenant): Tenant {
  return { org_id, environment }
}
