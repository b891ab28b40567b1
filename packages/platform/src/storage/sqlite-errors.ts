/** Translates the errors of SQLite into those of errors.ts. */

import { StoreConflict, StoreUnavailable } from './errors.ts'

/** SQLITE_CONSTRAINT_PRIMARYKEY, _UNIQUE, _FOREIGNKEY. */
const CONFLICTS = new Set([1555, 2067, 787])
/** Primary result codes that concern the environment and not the statement. */
const UNAVAILABLE = new Set([
  5, // SQLITE_BUSY
  6, // SQLITE_LOCKED
  7, // SQLITE_NOMEM
  8, // SQLITE_READONLY
  10, // SQLITE_IOERR
  11, // SQLITE_CORRUPT
  13, // SQLITE_FULL
  14, // SQLITE_CANTOPEN
  26, // SQLITE_NOTADB
])

/** Runs synchronous database work as one step of a promise. */
export async function attempt<Result>(work: () => Result): Promise<Result> {
  try {
    return work()
  } catch (error) {
    throw translate(error)
  }
}

/** SQLITE_CORRUPT, SQLITE_NOTADB: the file, or a part of it, is not a database. */
const DAMAGED = new Set([11, 26])

export function isDamage(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  const { errcode } = error as { errcode?: unknown }
  if (typeof errcode === 'number') return DAMAGED.has(errcode & 0xff)
  return error.cause !== undefined && isDamage(error.cause)
}

/** True for SQLITE_BUSY: another connection holds the lock. */
export function isBusy(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && error.errcode === 5
}

/** The store error for an error of `node:sqlite`; any other error is returned unchanged. */
export function translate(error: unknown): unknown {
  if (!(error instanceof Error) || !('errcode' in error)) return error
  const { errcode } = error
  if (typeof errcode !== 'number') return error
  if (CONFLICTS.has(errcode)) return new StoreConflict(error.message, { cause: error })
  // An extended code has the primary one in its low byte.
  if (UNAVAILABLE.has(errcode & 0xff)) return new StoreUnavailable(error.message, { cause: error })
  return error
}
