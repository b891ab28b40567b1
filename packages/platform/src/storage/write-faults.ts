/**
 * Stores that answer reads and refuse writes: a full disk, a file system remounted read-only. A
 * ping that only reads finds them healthy, and a balancer keeps sending reports that are all
 * refused.
 */

import { statfsSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { singleFlight } from '../single-flight.ts'
import { StoreUnwritable } from './errors.ts'
import { isBusy } from './sqlite-errors.ts'

/** SQLITE_READONLY, SQLITE_IOERR, SQLITE_FULL. */
const SQLITE_CODES = new Set([8, 10, 13])
/** read_only_sql_transaction, disk_full, io_error. */
const POSTGRES_CODES = new Set(['25006', '53100', '58030'])

/** True when the store, or what it is stored on, accepts no writes. */
export function refusesWrites(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  const { errcode, code } = error as { errcode?: unknown; code?: unknown }
  if (typeof errcode === 'number') return SQLITE_CODES.has(errcode & 0xff)
  if (typeof code === 'string' && POSTGRES_CODES.has(code)) return true
  return error instanceof StoreUnwritable || refusesWrites(error.cause)
}

interface Store {
  ping(): Promise<void>
  close(): Promise<void>
}

export interface Writability {
  /** False from the first refused write until a trial write succeeds. */
  isWritable(): boolean
}

export interface WriteTrial {
  /** Writes something of no consequence. Rejects when the store refuses it. */
  readonly write: () => Promise<void>
  /** While writes succeed, a ping writes at most this often; null: only after a refused write. */
  readonly everyMs: number | null
  /** From a refused write to the next trial. Default: one second. */
  readonly retryMs?: number
}

const RETRY_MS = 1000

/**
 * A store whose `ping` rejects while it refuses writes: from the first write that any method could
 * not make, or the first trial, until a trial succeeds.
 *
 * @param store its methods do not use `this`.
 */
export function watchWrites<Watched extends Store>(
  store: Watched,
  { write, everyMs, retryMs = RETRY_MS }: WriteTrial,
): Watched & Writability {
  let fault: StoreUnwritable | null = null
  let triedAt = Number.NEGATIVE_INFINITY
  let retrying: NodeJS.Timeout | undefined

  const trial = singleFlight(async () => {
    triedAt = performance.now()
    try {
      await write()
      fault = null
      clearInterval(retrying)
    } catch (error) {
      if (!refusesWrites(error)) throw error
      refused(error)
    }
  })
  /** Retries without pings too, so that the metrics show when the store recovers. */
  function refused(error: unknown): void {
    if (fault === null) retrying = setInterval(() => void trial().catch(() => {}), retryMs).unref()
    fault ??= unwritable(error)
    triedAt = performance.now()
  }
  const watched = Object.entries(store).map(([name, method]) => [
    name,
    typeof method !== 'function' ? method : watchedMethod(method, refused),
  ])
  const { ping, close, ...others } = Object.fromEntries(watched) as Watched
  return {
    ...others,
    ping: async () => {
      await ping()
      if (fault === null && everyMs !== null && performance.now() - triedAt >= everyMs)
        await trial()
      if (fault !== null) throw fault
    },
    isWritable: () => fault === null,
    close: () => {
      clearInterval(retrying)
      return close()
    },
  } as Watched & Writability
}

function watchedMethod(
  method: (...args: unknown[]) => unknown,
  refused: (error: unknown) => void,
): (...args: unknown[]) => unknown {
  const note = (error: unknown): never => {
    if (refusesWrites(error)) refused(error)
    throw error
  }
  return (...args) => {
    const result = method(...args)
    return result instanceof Promise ? result.catch(note) : result
  }
}

function unwritable(cause: unknown): StoreUnwritable {
  if (cause instanceof StoreUnwritable) return cause
  const why = cause instanceof Error ? cause.message : String(cause)
  return new StoreUnwritable(`the store accepts no writes (${why}): free space on its disk`, {
    cause,
  })
}

/** Less than this holds no batch of reports, though a page may still fit. */
const MIN_FREE_BYTES = 1024 ** 2

/**
 * Writes one page of a SQLite file, unchanged, through the log to the disk. A connection that holds
 * the write lock proves as much.
 *
 * @throws StoreUnwritable; errors of `node:sqlite`.
 */
export function trialWrite(path: string): void {
  const { bavail, bsize } = statfsSync(dirname(path))
  if (bavail * bsize < MIN_FREE_BYTES) {
    throw new StoreUnwritable(
      `the disk of ${path} has ${bavail * bsize} bytes free, which is too little: free space on it`,
    )
  }
  using database = new DatabaseSync(path, { timeout: 0 })
  try {
    const row = database.prepare('PRAGMA user_version').get()
    const { user_version } = row as { user_version: number }
    database.exec('PRAGMA synchronous = FULL')
    database.exec(`PRAGMA user_version = ${user_version}`)
  } catch (error) {
    if (!isBusy(error)) throw error
  }
}
