/** The telemetry store on one SQLite file: reads here, writes on the writer thread. */

import { nextSlice } from '@modulariot/platform/slices'
import {
  attempt,
  migrate,
  openDatabase,
  readMigrations,
  translate,
} from '@modulariot/platform/storage'
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

  async function append(
    batch: readonly (Observation | SealedObservations)[],
  ): Promise<AppendOutcome[]> {
    const packed = batch.map((one) => (isSealed(one) ? one : pack(one)))
    const [only] = batch
    const moved = batch.length === 1 && only !== undefined && isSealed(only) ? only.pieces : []
    const memory = moved.map(({ buffer }) => buffer)
    const outcomes = await writer.callMoving(memory, 'append', packed)
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

  /** In a slice of its own: a page may take milliseconds to read. */
  async function read<Result>(tenant: Tenant, question: () => Result): Promise<Result> {
    await nextSlice(tenantName(tenant))
    return attempt(question)
  }

  return {
    ping: () => attempt(() => void ping.get()),
    append,
    findAsset: (tenant, asset_id) => attempt(() => reads.findAsset(tenant, asset_id)),
    listAssets: (tenant, query) => read(tenant, () => reads.listAssets(tenant, query)),
    positions: (tenant, ...question) => read(tenant, () => reads.positions(tenant, ...question)),
    metrics: (tenant, ...question) => read(tenant, () => reads.metrics(tenant, ...question)),
    metricBuckets: (...question) => reads.metricBuckets(...question).catch(failed),
    latestMetrics: (...question) => reads.latestMetrics(...question).catch(failed),
    events: (tenant, query) => read(tenant, () => reads.events(tenant, query)),
    readSince: (tenant, ...question) => read(tenant, () => reads.readSince(tenant, ...question)),
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

function failed(error: unknown): never {
  throw translate(error)
}
