/**
 * Deletes expired data, and moves old rows to chunks and old reports to blocks, in small steps.
 * Runs on the writer thread.
 *
 * The walk is a generator that pauses after every few rows. The next step resumes it, after the
 * batches that arrived in between.
 */

import type { DatabaseSync } from 'node:sqlite'
import { atomically } from '@modulariot/platform/storage'
import { POSITIONS_SERIES } from '../chunks/chunk.ts'
import { chunkSince } from '../chunks/derive.ts'
import { firstRetainedDay } from '../request-day.ts'
import { cutoffMs } from '../retention.ts'
import { createExpiredWalk } from './block-table.ts'
import { createChunkTable } from './chunk-table.ts'
import { createDerive } from './derive.ts'
import { createReportWalk } from './derive-reports.ts'
import { createRequestWalk } from './request-walk.ts'

/** How long a step may delay waiting batches, in addition to its COMMIT. */
const STEP_MS = 5
/** Rows deleted between two checks of the clock. */
const ROWS = 100

export interface MaintenanceStep {
  readonly removedRows: number
  readonly done: boolean
}

export type Maintain = (nowMs: number, retentionDays: number | null) => MaintenanceStep

/** Returns a function that runs the next step of the current walk, or starts a new walk. */
export function createMaintain(database: DatabaseSync): Maintain {
  return inSteps(database, createWalk(database))
}

/**
 * Runs a walk step by step, each in a transaction of its own; starts a new one after its end.
 *
 * What it deletes is overwritten: an erasure would not find it in the file later.
 */
export function inSteps<Arguments extends unknown[]>(
  database: DatabaseSync,
  walkAll: (...args: Arguments) => Generator<number, void>,
): (...args: Arguments) => MaintenanceStep {
  let walk: Generator<number, void> | null = null
  return (...args) => {
    walk ??= walkAll(...args)
    const underWay = walk
    database.exec('PRAGMA secure_delete = ON')
    try {
      const step = atomically(database, () => stepOf(underWay))
      if (step.done) walk = null
      return step
    } catch (error) {
      // The state of the walk no longer matches the rolled-back rows, so the next step starts over.
      walk = null
      throw error
    } finally {
      database.exec('PRAGMA secure_delete = OFF')
    }
  }
}

/** Runs the walk for a few milliseconds. */
function stepOf(walk: Generator<number, void>): MaintenanceStep {
  const deadline = performance.now() + STEP_MS
  let removedRows = 0
  do {
    const { value, done } = walk.next()
    if (done === true) return { removedRows, done }
    removedRows += value
  } while (performance.now() < deadline)
  return { removedRows, done: false }
}

type Walk = (nowMs: number, retentionDays: number | null) => Generator<number, void>

interface TenantRow {
  readonly tenant: number
  /** Its own retention. */
  readonly days: number | null
  /** Requests of earlier days have been deleted. */
  readonly requests_from: number
}

/** Yields the number of deleted rows. */
function createWalk(database: DatabaseSync): Walk {
  const tenants = database.prepare(
    `SELECT tenant, days, requests_from FROM tenants LEFT JOIN retention USING (org_id) ORDER BY tenant`,
  )
  const events = database.prepare(
    `DELETE FROM events WHERE rowid IN (
       SELECT rowid FROM events WHERE tenant = ? AND timestamp_ms < ? LIMIT ${ROWS})`,
  )
  const assetAfter = database.prepare(
    `SELECT asset_id, asset, timestamp_ms FROM assets
     WHERE tenant = ? AND asset_id > ? ORDER BY asset_id LIMIT 1`,
  )
  // An event or a value may be newer than its report, so the asset is kept until all of them are
  // gone.
  const removeAsset = database.prepare(
    `DELETE FROM assets WHERE asset = ?1
     AND NOT EXISTS (SELECT 1 FROM events WHERE tenant = ?2 AND asset = ?1)
     AND NOT EXISTS (SELECT 1 FROM positions WHERE tenant = ?2 AND asset = ?1)
     AND NOT EXISTS (SELECT 1 FROM metrics WHERE tenant = ?2 AND asset = ?1)`,
  )
  const walkSeries = createSeriesWalk(database)
  const walkObservations = createObservationWalk(database)
  const walkBlocks = createExpiredWalk(database)
  const walkReports = createReportWalk(database)
  const walkRequests = createRequestWalk(database, 'received < ?6')
  const noteRequests = database.prepare('UPDATE tenants SET requests_from = ? WHERE tenant = ?')
  const derive = createDerive(database)

  return function* (nowMs, retentionDays) {
    for (const row of tenants.all()) {
      const { tenant, days, requests_from } = row as unknown as TenantRow
      const before_ms = cutoffMs(nowMs, days ?? retentionDays)
      if (before_ms === null) continue
      yield* walkObservations(tenant, before_ms)
      yield* walkBlocks(tenant, before_ms)
      for (let rows = ROWS; rows === ROWS; yield rows) {
        rows = Number(events.run(tenant, before_ms).changes)
      }
      yield* walkAssets(tenant, before_ms)
      // Once a day, since it reads them all.
      const day = firstRetainedDay(before_ms)
      if (day <= requests_from) continue
      yield* walkRequests(tenant, day)
      noteRequests.run(day, tenant)
    }
    yield* derive(nowMs)
    yield* walkReports(nowMs)
  }

  function* walkAssets(tenant: number, before_ms: number): Generator<number, void> {
    let last = ''
    for (;;) {
      const row = assetAfter.get(tenant, last)
      if (row === undefined) return
      const { asset_id, asset } = row as { asset_id: string; asset: number }
      yield* walkSeries(tenant, asset, before_ms)
      // Read again, since the asset may have reported while the walk paused.
      const now = assetAfter.get(tenant, last) as typeof row
      const gone = now?.asset === asset && (now.timestamp_ms as number) < before_ms
      if (gone) yield Number(removeAsset.run(asset, tenant).changes)
      last = asset_id
    }
  }
}

/**
 * Expired reports that are rows. These are young, or the newest of their assets, so a walk over
 * all of them costs less than an index by time.
 */
function createObservationWalk(database: DatabaseSync) {
  const seqAfter = database.prepare(
    `SELECT seq FROM observations WHERE tenant = ? AND seq > ?
     ORDER BY seq LIMIT 1 OFFSET ${ROWS - 1}`,
  )
  const remove = database.prepare(
    'DELETE FROM observations WHERE tenant = ? AND seq > ? AND seq <= ? AND timestamp_ms < ?',
  )
  return function* (tenant: number, before_ms: number): Generator<number, void> {
    for (let last = 0; last < Number.MAX_SAFE_INTEGER; ) {
      const next = (seqAfter.get(tenant, last)?.seq ?? Number.MAX_SAFE_INTEGER) as number
      yield Number(remove.run(tenant, last, next, before_ms).changes)
      last = next
    }
  }
}

/** The positions and metrics of one asset. */
export function createSeriesWalk(database: DatabaseSync) {
  const removePositions = removeOldest(
    database,
    'positions',
    'tenant = ?1 AND asset = ?2',
    '?3',
    '?4',
  )
  const removeMetrics = removeOldest(
    database,
    'metrics',
    'tenant = ?1 AND asset = ?2 AND key = ?3',
    '?4',
    '?5',
  )
  const nextKey = database.prepare(
    'SELECT min(key) AS key FROM metrics WHERE tenant = ? AND asset = ? AND key > ?',
  )
  const walkChunks = createChunkWalk(database)

  return function* (tenant: number, asset: number, before_ms: number): Generator<number, void> {
    yield* walkChunks(tenant, asset, before_ms)
    yield* removePositions(before_ms, tenant, asset)
    let key = ''
    for (;;) {
      const next = nextKey.get(tenant, asset, key)?.key
      if (typeof next !== 'string') return
      key = next
      yield* removeMetrics(before_ms, tenant, asset, key)
    }
  }
}

/** The chunks of one asset. One with rows that have not expired is written anew with these. */
function createChunkWalk(database: DatabaseSync) {
  const chunks = createChunkTable(database)
  const nextSeries = database.prepare(
    `SELECT min(series) AS series FROM series_chunks
     WHERE tenant = ? AND asset = ? AND series >= ?`,
  )
  return function* (tenant: number, asset: number, before_ms: number): Generator<number, void> {
    for (let after = POSITIONS_SERIES; ; ) {
      const series = nextSeries.get(tenant, asset, after)?.series
      if (typeof series !== 'string') return
      const name = { tenant, asset, series }
      for (;;) {
        const chunk = chunks.oldest(name, before_ms)
        if (chunk === null) break
        const { left, removedRows } = chunkSince(series, chunk, before_ms)
        chunks.replace(name, chunk, left)
        yield removedRows
      }
      // The smallest text after this one.
      after = `${series}\0`
    }
  }
}

/**
 * Deletes expired rows, oldest first, in a range of a primary key whose next column is the time.
 */
function removeOldest(
  database: DatabaseSync,
  table: string,
  where: string,
  before: string,
  until: string,
) {
  // The time of the last row of a step. Rows with the same time are deleted in the same step.
  const lastOf = database.prepare(
    `SELECT max(timestamp_ms) AS until_ms FROM (
       SELECT timestamp_ms FROM ${table} WHERE ${where} AND timestamp_ms < ${before}
       ORDER BY timestamp_ms LIMIT ${ROWS})`,
  )
  const remove = database.prepare(
    `DELETE FROM ${table} WHERE ${where} AND timestamp_ms < ${before} AND timestamp_ms <= ${until}`,
  )
  return function* (before_ms: number, ...range: (number | string)[]): Generator<number, void> {
    for (;;) {
      const until_ms = lastOf.get(...range, before_ms)?.until_ms
      yield typeof until_ms === 'number'
        ? Number(remove.run(...range, before_ms, until_ms).changes)
        : 0
      if (typeof until_ms !== 'number') return
    }
  }
}
