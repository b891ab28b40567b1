/** Reads copies of databases: files that no process writes to. */

import { DatabaseSync } from 'node:sqlite'
import { pathToFileURL } from 'node:url'
import { openSoundly } from '../damage.ts'
import { isDamage } from '../sqlite-errors.ts'

/**
 * Read-only and without locks, so that SQLite creates no `-wal` and `-shm` beside the copy.
 *
 * @throws StoreDamaged when it is not a SQLite database.
 */
export function openCopy(path: string): DatabaseSync {
  const url = pathToFileURL(path)
  url.searchParams.set('immutable', '1')
  return openSoundly(path, () => {
    const database = new DatabaseSync(url, { readOnly: true })
    database.prepare('SELECT count(*) FROM sqlite_schema').get()
    return database
  })
}

/**
 * The first damage in the whole file; null: it is sound.
 *
 * @param check `integrity_check` also compares every index with its table.
 */
export function damageIn(path: string, check: 'quick_check' | 'integrity_check'): string | null {
  try {
    using database = openCopy(path)
    const [finding] = Object.values(database.prepare(`PRAGMA ${check}(1)`).get() ?? {})
    // Lines before the last name the database, which is always "main".
    return finding === 'ok' ? null : (String(finding).split('\n').at(-1) ?? null)
  } catch (error) {
    if (!isDamage(error)) throw error
    return (error as Error).message
  }
}

/** The newest migration applied to the copy; 0 when there is none. @throws StoreDamaged */
export function versionOfCopy(path: string): number {
  using database = openCopy(path)
  const noted = `SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'migrations'`
  if (database.prepare(noted).get() === undefined) return 0
  const row = database.prepare('SELECT max(version) AS version FROM migrations').get()
  return (row as { version: number | null }).version ?? 0
}

/** Size of a database in use, including pages that are only in its log so far. */
export function databaseBytes(path: string): number {
  using database = new DatabaseSync(path, { readOnly: true })
  const { page_count } = database.prepare('PRAGMA page_count').get() as { page_count: number }
  const { page_size } = database.prepare('PRAGMA page_size').get() as { page_size: number }
  return page_count * page_size
}
