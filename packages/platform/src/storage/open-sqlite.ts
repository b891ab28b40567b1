/** How every SQLite file of ours is opened. Nothing about what is inside. */

import { closeSync, mkdirSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

/** How long a statement waits for another process's write lock. */
const BUSY_TIMEOUT_MS = 5000

/**
 * Opens the file, readable by its owner only, and makes it first when it is missing.
 *
 * WAL lets readers go on while one writes; `synchronous=FULL` makes a COMMIT wait for the disk, since
 * a 200 of ours promises durability.
 */
export function openDatabase(path: string): DatabaseSync {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  closeSync(openSync(path, 'a', 0o600))
  const database = new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS })
  database.exec('PRAGMA journal_mode = WAL')
  database.exec('PRAGMA synchronous = FULL')
  database.exec('PRAGMA foreign_keys = ON')
  return database
}
