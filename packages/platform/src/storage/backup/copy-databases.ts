/**
 * Copies SQLite files while other processes write to them.
 *
 * A read transaction pins the state of each file before the first page is copied. SQLite's online
 * backup reads within that transaction; without it, the backup starts again after every commit of
 * another process, and under load never ends.
 */

import { closeSync, openSync } from 'node:fs'
import { backup, DatabaseSync } from 'node:sqlite'
import { openSoundly } from '../damage.ts'
import { assertPrivateDatabase } from '../open-sqlite.ts'
import { translate } from '../sqlite-errors.ts'

/** How long to wait for a process that recovers the log, or switches to it. */
const BUSY_TIMEOUT_MS = 5000
/** 4 MiB at a time: between the steps, progress is shown. */
const PAGES_PER_STEP = 1024

export interface DatabaseCopy {
  readonly from: string
  /** Created, readable by its owner only. */
  readonly to: string
}

/**
 * The states are pinned in the order of `copies`, within milliseconds: what a later file refers to
 * may be missing in an earlier one, never the other way round.
 *
 * @param show called with the pages copied so far and their total, for each file.
 * @throws UnsafePermissions, StoreDamaged, StoreUnavailable (such as a full disk); Error when a
 *   target exists.
 */
export async function copyDatabases(
  copies: Iterable<DatabaseCopy>,
  show: (from: string, done: number, total: number) => void = () => undefined,
): Promise<void> {
  using opened = new DisposableStack()
  const pinned: { source: DatabaseSync; copy: DatabaseCopy }[] = []
  try {
    for (const copy of copies) pinned.push({ source: opened.use(pin(copy.from)), copy })
    for (const { source, copy } of pinned) {
      closeSync(openSync(copy.to, 'wx', 0o600))
      await backup(source, copy.to, {
        rate: PAGES_PER_STEP,
        progress: ({ totalPages, remainingPages }) =>
          show(copy.from, totalPages - remainingPages, totalPages),
      })
    }
  } catch (error) {
    throw translate(error)
  }
}

/** A connection whose reads all see the present state. */
function pin(path: string): DatabaseSync {
  assertPrivateDatabase(path)
  return openSoundly(path, () => {
    const database = new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS })
    try {
      database.exec('BEGIN')
      // BEGIN alone reads nothing, and pins nothing.
      database.prepare('SELECT count(*) FROM sqlite_schema').get()
      return database
    } catch (error) {
      database.close()
      throw error
    }
  })
}
