/**
 * Erases assets in small steps. Runs on the writer thread.
 *
 * SQLite leaves what it deletes in the file. So deleted rows are overwritten (`secure_delete`), the
 * log is emptied, and a file that is small enough is rebuilt, since a page also keeps copies of
 * rows that were moved to another page.
 */

import { dirname } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { atomically } from '@modulariot/platform/storage'
import type { Tenant } from '../store.ts'
import { createAssetBlockWalk } from './block-table.ts'
import { createSeriesWalk, inSteps, type MaintenanceStep } from './maintain.ts'
import { createRequestWalk } from './request-walk.ts'

/** Rows examined, or deleted, between two checks of the clock. */
const ROWS = 100

export interface Erase {
  /**
   * Detaches the asset: from now on it does not exist, and a report makes a new one.
   *
   * @returns false when there is no such asset, and none is being erased.
   */
  begin(tenant: Tenant, asset_id: string): boolean
  /** The next step of all erasures that have begun. */
  step(): MaintenanceStep
  /**
   * Empties the log, and rebuilds a file of at most `maxBytes`, which takes about a second for each
   * 100 MB and lets no batch be written in that time.
   *
   * @returns whether the files hold only what the tables hold.
   */
  compact(maxBytes: number): boolean
}

export function createErase(database: DatabaseSync): Erase {
  const begin = createBegin(database)
  const nextStep = inSteps(database, createWalk(database))
  return {
    begin,
    step: nextStep,
    compact(maxBytes) {
      const pages = database.prepare('PRAGMA page_count').get()?.page_count as number
      const bytes = database.prepare('PRAGMA page_size').get()?.page_size as number
      const rebuilt = pages * bytes <= maxBytes
      if (rebuilt) rebuild(database, pages * bytes)
      const emptied = database.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get()
      return rebuilt && emptied?.busy === 0
    },
  }
}

/** A larger copy is written to a file. */
const MAX_IN_MEMORY_BYTES = 64 * 1024 ** 2

/**
 * VACUUM writes a copy of the file first: to the directory of temporary files, which may be too
 * small, or read-only as in a container. So the copy is kept in memory, or beside the file.
 */
function rebuild(database: DatabaseSync, bytes: number): void {
  const directory = dirname(database.location() as string).replaceAll("'", "''")
  try {
    if (bytes <= MAX_IN_MEMORY_BYTES) database.exec('PRAGMA temp_store = MEMORY')
    else database.exec(`PRAGMA temp_store_directory = '${directory}'`)
    database.exec('VACUUM')
  } finally {
    database.exec('PRAGMA temp_store = DEFAULT')
  }
}

function createBegin(database: DatabaseSync): Erase['begin'] {
  const find = database.prepare(
    `SELECT asset, tenant FROM assets JOIN tenants USING (tenant)
     WHERE org_id = ? AND environment = ? AND asset_id = ?`,
  )
  const underWay = database.prepare(
    `SELECT 1 FROM erasures JOIN tenants USING (tenant)
     WHERE org_id = ? AND environment = ? AND asset_id = ?`,
  )
  const note = database.prepare('INSERT INTO erasures VALUES (?, ?, ?)')
  const detach = database.prepare('DELETE FROM assets WHERE asset = ?')
  return ({ org_id, environment }, asset_id) => {
    database.exec('PRAGMA secure_delete = ON')
    try {
      return atomically(database, () => {
        const row = find.get(org_id, environment, asset_id)
        if (row === undefined) return underWay.get(org_id, environment, asset_id) !== undefined
        note.run(row.asset as number, row.tenant as number, asset_id)
        detach.run(row.asset as number)
        return true
      })
    } finally {
      database.exec('PRAGMA secure_delete = OFF')
    }
  }
}

/** Yields the number of deleted rows. */
function createWalk(database: DatabaseSync): () => Generator<number, void> {
  const next = database.prepare('SELECT asset, tenant FROM erasures ORDER BY asset LIMIT 1')
  const done = database.prepare('DELETE FROM erasures WHERE asset = ?')
  const removeEvents = database.prepare(
    `DELETE FROM events WHERE rowid IN (
       SELECT rowid FROM events WHERE tenant = ? AND asset = ? LIMIT ${ROWS})`,
  )
  const walkSeries = createSeriesWalk(database)
  const walkObservations = createObservationWalk(database)
  const walkBlocks = createAssetBlockWalk(database)
  const walkRequests = createRequestWalk(database, 'asset = ?6')
  return function* () {
    for (let row = next.get(); row !== undefined; row = next.get()) {
      const { asset, tenant } = row as { asset: number; tenant: number }
      yield* walkSeries(tenant, asset, Number.MAX_SAFE_INTEGER)
      for (let rows = ROWS; rows === ROWS; yield rows) {
        rows = Number(removeEvents.run(tenant, asset).changes)
      }
      yield* walkObservations(tenant, asset)
      yield* walkBlocks(tenant, asset)
      yield* walkRequests(tenant, asset)
      yield Number(done.run(asset).changes)
    }
  }
}

/** The observations of an asset. No index leads to them, so the walk reads those of the tenant. */
function createObservationWalk(database: DatabaseSync) {
  const scan = database.prepare(
    `SELECT seq, asset FROM observations WHERE tenant = ? AND seq > ? ORDER BY seq LIMIT ${ROWS}`,
  )
  const remove = database.prepare('DELETE FROM observations WHERE tenant = ? AND seq = ?')
  return function* (tenant: number, asset: number): Generator<number, void> {
    for (let last = 0; ; ) {
      const rows = scan.all(tenant, last) as unknown as { seq: number; asset: number }[]
      const found = rows.filter((row) => row.asset === asset)
      for (const { seq } of found) remove.run(tenant, seq)
      yield found.length
      if (rows.length < ROWS) return
      last = rows.at(-1)?.seq ?? last
    }
  }
}
