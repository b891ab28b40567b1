/** How every SQLite file is opened, independent of its content. */

import { closeSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { assertOwnDirectory, assertPrivateFile, createDirectories } from '../files/index.ts'
import { openSoundly } from './damage.ts'
import { isBusy } from './sqlite-errors.ts'

/** How long a statement waits for another process's write lock. */
const BUSY_TIMEOUT_MS = 5000

/**
 * Opens the file, readable by its owner only; creates it when it is missing.
 *
 * WAL lets readers continue during a write; `synchronous=FULL` makes a COMMIT wait for the disk,
 * since our 200 promises durability.
 *
 * @throws UnsafePermissions when other users could have written the file, or can read it.
 *   StoreDamaged when it is not a SQLite database.
 */
export function openDatabase(path: string): DatabaseSync {
  createDirectories(dirname(path))
  assertPrivateDatabase(path)
  createFile(path)
  const database = new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS })
  try {
    openSoundly(path, () => switchToWal(database))
  } catch (error) {
    database.close()
    throw error
  }
  database.exec('PRAGMA synchronous = FULL')
  database.exec('PRAGMA foreign_keys = ON')
  return database
}

/** The files SQLite keeps beside a database and reads as part of it. */
const DATABASE_SUFFIXES = ['', '-wal', '-shm', '-journal']

/**
 * Call before every open: a database is only as trustworthy as its directory and the files beside
 * it.
 *
 * @param path in an existing directory.
 * @throws UnsafePermissions
 */
export function assertPrivateDatabase(path: string): void {
  assertOwnDirectory(dirname(path))
  for (const ending of DATABASE_SUFFIXES) assertPrivateFile(path + ending)
}

/**
 * An existing file must not be opened and closed again here: POSIX would drop the locks that this
 * process's other connections hold on it, and the next process would delete the log they are
 * writing (https://sqlite.org/howtocorrupt.html §2.2).
 */
function createFile(path: string): void {
  try {
    closeSync(openSync(path, 'wx', 0o600))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
}

const RETRY_MS = 10

/**
 * SQLite refuses this statement at once, whatever the timeout, while another connection makes the
 * same switch: two processes that start together on a new file would collide here.
 */
function switchToWal(database: DatabaseSync): void {
  const deadline = performance.now() + BUSY_TIMEOUT_MS
  for (;;) {
    try {
      database.exec('PRAGMA journal_mode = WAL')
      return
    } catch (error) {
      if (!isBusy(error) || performance.now() > deadline) throw error
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_MS)
    }
  }
}
