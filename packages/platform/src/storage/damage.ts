/**
 * Damaged and foreign SQLite files: SQLite's messages do not say which file, and a read from memory
 * does not notice.
 */

import { basename } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { StoreDamaged } from './errors.ts'
import { isDamage } from './sqlite-errors.ts'

/**
 * Opens a database and does the first work on it.
 *
 * @throws StoreDamaged, which names the file, when it is not a sound SQLite database; what `work`
 *   throws otherwise.
 */
export function openSoundly<Result>(path: string, work: () => Result): Result {
  try {
    return work()
  } catch (error) {
    throw isDamage(error) ? damaged(path, error) : error
  }
}

interface Store {
  ping(): Promise<void>
}

/**
 * A store whose errors name the damaged file, and whose `ping` reads the file anew: it rejects when
 * the file is damaged or replaced, and from the first damage that any method met.
 *
 * @param store its methods do not use `this`.
 */
export function watchForDamage<Watched extends Store>(store: Watched, path: string): Watched {
  let found: StoreDamaged | null = null
  const note = (error: unknown): never => {
    if (!isDamage(error)) throw error
    found ??= damaged(path, error)
    throw found
  }
  const watched = Object.entries(store).map(([name, method]) => [
    name,
    typeof method !== 'function'
      ? method
      : (...args: unknown[]) => {
          const result: unknown = method(...args)
          return result instanceof Promise ? result.catch(note) : result
        },
  ])
  const { ping, ...others } = Object.fromEntries(watched) as Watched
  return {
    ...others,
    ping: async () => {
      if (found !== null) throw found
      assertSound(path)
      await ping()
    },
  } as Watched
}

/** Through SQLite: opening and closing the file otherwise would drop this process's locks. */
function assertSound(path: string): void {
  try {
    using database = new DatabaseSync(path, { readOnly: true })
    database.prepare('SELECT max(version) FROM migrations').get()
  } catch (error) {
    const { errcode } = error as { errcode?: number }
    // SQLITE_ERROR: no such table. SQLITE_CANTOPEN: the file is gone.
    if (isDamage(error) || errcode === 1 || errcode === 14) throw damaged(path, error)
    throw error
  }
}

function damaged(path: string, cause: unknown): StoreDamaged {
  const why = cause instanceof Error ? cause.message : String(cause)
  return new StoreDamaged(
    basename(path),
    `${path} is damaged, or is not a database of ModularIoT (${why}): restore it from a backup, or move it away`,
    { cause },
  )
}
