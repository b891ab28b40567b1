/**
 * The thread that reads pages and charts. `node:sqlite` is synchronous, and a page takes
 * milliseconds, which on the main thread would delay every login and every report.
 */

import { workerData } from 'node:worker_threads'
import { nextSlice } from '@modulariot/platform/slices'
import { openDatabase } from '@modulariot/platform/storage'
import { answerCalls, yieldToOthers } from '@modulariot/platform/threads'
import type { BucketQuery, TelemetryStore, Tenant } from '../store.ts'
import { tenantName } from '../tenant-name.ts'
import { SqliteReads } from './reads.ts'
import { describeError } from './thread-errors.ts'

/** The `workerData` of the thread. */
export interface ReaderData {
  readonly path: string
}

export type ReaderCalls = Pick<
  TelemetryStore,
  'listAssets' | 'positions' | 'metrics' | 'latestMetrics' | 'events'
> & {
  metricBuckets: (
    tenant: Tenant,
    asset_id: string,
    query: Omit<BucketQuery, 'signal'>,
  ) => ReturnType<TelemetryStore['metricBuckets']>
}

yieldToOthers()
const { path } = workerData as ReaderData
const database = openDatabase(path)
const reads = new SqliteReads(database)

/** Runs `read` on the tenant's turn. */
async function inTurn<Result>(tenant: Tenant, read: () => Result): Promise<Result> {
  await nextSlice(tenantName(tenant))
  return read()
}

answerCalls<ReaderCalls>(
  {
    listAssets: (tenant, query) => inTurn(tenant, () => reads.listAssets(tenant, query)),
    // These take a turn for each of their steps.
    positions: (tenant, asset_id, query) => reads.positions(tenant, asset_id, query),
    metrics: (tenant, asset_id, query) => reads.metrics(tenant, asset_id, query),
    metricBuckets: (tenant, asset_id, query, signal) =>
      reads.metricBuckets(tenant, asset_id, { ...query, signal }),
    latestMetrics: (tenant, asset_id, after) => reads.latestMetrics(tenant, asset_id, after),
    events: (tenant, query) => inTurn(tenant, () => reads.events(tenant, query)),
  },
  describeError,
  () => database.close(),
)
