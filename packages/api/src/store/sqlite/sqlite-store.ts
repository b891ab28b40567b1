/** The telemetry store on one SQLite file: reads here, writes on the writer thread. */

import {
  attempt,
  migrate,
  openDatabase,
  readMigrations,
  translate,
} from '@modulariot/platform/storage'
import { pack } from '../packed.ts'
import type { AppendOutcome, Observation, TelemetryStore } from '../store.ts'
import { createWatchers } from '../watchers.ts'
import { SqliteReads } from './reads.ts'
import { Writer } from './writer.ts'

export interface SqliteTelemetryOptions {
  /** A bound on the file, in pages of 4 KiB; beyond it, it is as if the disk were full. */
  readonly maxPages?: number
}

/** @throws Error when the file cannot be opened or its migrations do not fit this program. */
export function openSqliteTelemetryStore(
  path: string,
  options: SqliteTelemetryOptions = {},
): TelemetryStore {
  const database = openDatabase(path)
  migrate(database, readMigrations(new URL('./migrations/', import.meta.url)))
  const writer = new Writer({ path, ...options })
  const watchers = createWatchers()
  const reads = new SqliteReads(database)
  const ping = database.prepare('SELECT 1')

  async function append(batch: readonly Observation[]): Promise<AppendOutcome[]> {
    const outcomes = await writer.call('append', batch.map(pack))
    watchers.tell(batch)
    return outcomes
  }

  async function maintain(nowMs: number, retentionDays: number | null) {
    for (let removedRows = 0; ; ) {
      const step = await writer.call('sweep', nowMs, retentionDays)
      removedRows += step.removedRows
      if (step.done) return { removedRows, droppedPartitions: 0 }
    }
  }

  return {
    ping: () => attempt(() => void ping.get()),
    append,
    findAsset: (tenant, asset_id) => attempt(() => reads.findAsset(tenant, asset_id)),
    listAssets: (tenant, query) => attempt(() => reads.listAssets(tenant, query)),
    positions: (tenant, asset_id, query) => attempt(() => reads.positions(tenant, asset_id, query)),
    metrics: (tenant, asset_id, query) => attempt(() => reads.metrics(tenant, asset_id, query)),
    metricBuckets: async (tenant, asset_id, query) =>
      reads.metricBuckets(tenant, asset_id, query).catch((error: unknown) => {
        throw translate(error)
      }),
    latestMetrics: (...question) => attempt(() => reads.latestMetrics(...question)),
    events: (tenant, query) => attempt(() => reads.events(tenant, query)),
    readSince: (tenant, after, limit) => attempt(() => reads.readSince(tenant, after, limit)),
    watch: watchers.add,
    findRetention: (org_id) => attempt(() => reads.findRetention(org_id)),
    setRetention: (org_id, days) => writer.call('setRetention', org_id, days),
    maintain,
    close: async () => {
      await writer.close()
      if (database.isOpen) database.close()
    },
  }
}
