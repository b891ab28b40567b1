/** One transaction, synchronous from BEGIN to COMMIT. */

import type { DatabaseSync } from 'node:sqlite'

/**
 * Runs `work` in a write transaction: all of it happens, or none.
 *
 * `work` must be synchronous. All requests share the connection, so an `await` before the COMMIT
 * would let another request's write join this transaction and be rolled back with it.
 */
export function atomically<Result>(database: DatabaseSync, work: () => Result): Result {
  database.exec('BEGIN IMMEDIATE')
  try {
    const result = work()
    database.exec('COMMIT')
    return result
  } catch (error) {
    // A full disk or an I/O error may already have rolled back; a second ROLLBACK would hide the
    // cause.
    if (database.isTransaction) database.exec('ROLLBACK')
    throw error
  }
}
