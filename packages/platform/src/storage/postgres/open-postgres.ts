/**
 * How every PostgreSQL database is reached: a bounded pool, deadlines on everything, and the errors
 * of ../errors.ts. Independent of what the database holds.
 */

import { readFileSync } from 'node:fs'
import pg from 'pg'
import { TimedClient } from './connect-in-time.ts'
import { type Listener, type ListenHandlers, listen } from './listen.ts'
import { Places } from './places.ts'
import { createPoolerCheck } from './pooler-check.ts'
import { isRetryable } from './postgres-errors.ts'
import { type PostgresUrl, parsePostgresUrl } from './postgres-url.ts'
import {
  type Rows,
  type RunQuery,
  SERVER_TIMEOUT_MS,
  type Statement,
  withSession,
} from './session.ts'
import { valueTypes } from './value-types.ts'

export interface PostgresOptions {
  /** Shown as this program's name in the server's own lists. */
  readonly applicationName?: string
  readonly maxConnections?: number
}

export interface QueryOptions {
  /** Total, including the wait for a connection. */
  readonly timeoutMs?: number
}

export interface TransactionOptions extends QueryOptions {
  /** `snapshot`: all reads see the same state (REPEATABLE READ, READ ONLY). */
  readonly mode?: 'write' | 'snapshot'
}

export interface Postgres {
  /**
   * Runs one statement, atomic by itself; again after a deadlock, which has rolled it back.
   *
   * @throws StoreUnavailable, StoreConflict
   */
  query<Row extends object = Record<string, unknown>>(
    statement: string | Statement,
    values?: readonly unknown[],
    options?: QueryOptions,
  ): Promise<Rows<Row>>
  /**
   * Commits all of `work` or none; an error from `work` is rethrown unchanged. `work` may run more
   * than once: after a deadlock everything is rolled back and it is retried. When the connection is
   * lost during the COMMIT the outcome is unknown, and the error is StoreUnavailable.
   *
   * @throws StoreUnavailable, StoreConflict
   */
  transaction<Result>(
    work: (query: RunQuery) => Promise<Result>,
    options?: TransactionOptions,
  ): Promise<Result>
  /** Listens for NOTIFY on a connection outside the pool. */
  listen(channel: string, handlers: ListenHandlers): Listener
  /** Waits briefly for queries in progress. */
  close(): Promise<void>
}

const MAX_CONNECTIONS = 10
/** For a login's reads: with everything else it does, the answer still takes less than a second. */
const QUERY_TIMEOUT_MS = 800
const TRANSACTION_TIMEOUT_MS = 3000
/**
 * About seven round trips, with TLS and a password: enough at 100 ms each. `connect_timeout` in the
 * URL changes it.
 */
const CONNECT_TIMEOUT_MS = 800
const IDLE_CONNECTION_MS = 60_000
const CLOSE_TIMEOUT_MS = 1000
const MAX_ATTEMPTS = 4

/**
 * Does not connect: the first query does.
 *
 * @param url as `parsePostgresUrl` reads it. A password that it lacks is taken from `PGPASSWORD`.
 * @throws Error, without the URL in it, when the URL is invalid or names a file that cannot be
 *   read.
 */
export function openPostgres(url: string, options: PostgresOptions = {}): Postgres {
  const config = clientConfig(url, options)
  const max = options.maxConnections ?? MAX_CONNECTIONS
  const pool = new pg.Pool({
    ...config,
    ...{ max, idleTimeoutMillis: IDLE_CONNECTION_MS },
    // It passes its own options, with those of `config`.
    Client: TimedClient as unknown as new () => pg.ClientBase,
  })
  const sessions = {
    pool,
    places: new Places(max),
    connectTimeoutMs: config.connectTimeoutMs,
    check: createPoolerCheck(config),
  }
  const clients = new Set<pg.PoolClient>()
  pool.on('connect', (client) => clients.add(client))
  pool.on('remove', (client) => clients.delete(client))
  // The next query replaces an idle connection that breaks; without a listener the error would end
  // the process.
  pool.on('error', () => undefined)
  const listeners = new Set<Listener>()

  return {
    query: <Row extends object>(
      statement: string | Statement,
      values?: readonly unknown[],
      { timeoutMs = QUERY_TIMEOUT_MS }: QueryOptions = {},
    ) => retried(() => withSession(sessions, timeoutMs, (query) => query<Row>(statement, values))),

    transaction: (work, { mode = 'write', timeoutMs = TRANSACTION_TIMEOUT_MS } = {}) =>
      retried(() =>
        withSession(sessions, timeoutMs, (query) =>
          transact(query, beginStatement(mode, timeoutMs), work),
        ),
      ),

    listen: (channel, handlers) => {
      const listener = listen(config, channel, handlers)
      listeners.add(listener)
      return listener
    },

    close: async () => {
      for (const listener of listeners) await listener.stop()
      // A server that hangs never closes, and its sockets would keep this process from ending.
      const cut = (): void => {
        for (const client of clients) client.connection.stream.destroy()
      }
      const deadline = setTimeout(cut, CLOSE_TIMEOUT_MS)
      await pool.end()
      clearTimeout(deadline)
      setTimeout(cut, CLOSE_TIMEOUT_MS).unref()
    },
  }
}

/** Repeats what was rolled back for no fault of its own. */
async function retried<Result>(attempt: () => Promise<Result>): Promise<Result> {
  for (let number = 1; ; number++) {
    try {
      return await attempt()
    } catch (error) {
      if (number === MAX_ATTEMPTS || !isRetryable(error)) throw error
    }
  }
}

/** @throws Error as `openPostgres` does. */
function clientConfig(text: string, options: PostgresOptions) {
  try {
    const url = parsePostgresUrl(text)
    const config = {
      ...(url.host !== undefined && { host: url.host }),
      ...(url.port !== undefined && { port: url.port }),
      ...(url.user !== undefined && { user: url.user }),
      database: url.database,
      ...(url.password !== undefined && { password: url.password }),
      ...sslOf(url),
      application_name: options.applicationName ?? 'modulariot',
      connectionTimeoutMillis: 0 as const,
      connectTimeoutMs: url.connectTimeoutMs ?? CONNECT_TIMEOUT_MS,
      keepAlive: true,
      types: valueTypes,
    }
    // `pg` itself reads `PGPASSWORD`.
    const { password } = new pg.Client(config)
    return { ...config, password: password ?? (lackPassword as () => string) }
  } catch (error) {
    throw new Error(`the database URL cannot be used: it ${(error as Error).message}`)
  }
}

/** Instead of none: `pg` would look for a password file, and warn about it on stderr. */
function lackPassword(this: pg.Client): string {
  // `pg` would leave the connection open until the server gives up waiting.
  setImmediate(() => this.connection.stream.destroy())
  throw new Error('the server wants a password, and the database URL has none')
}

function sslOf({ tls, tlsFiles, directTls }: PostgresUrl) {
  if (tls === undefined) return {}
  if (tls === 'off') return { ssl: false }
  const files = Object.entries(tlsFiles).map(([name, path]) => [name, readPem(path)])
  return {
    ssl: { ...Object.fromEntries(files), rejectUnauthorized: tls === 'verified' },
    ...(directTls && { sslnegotiation: 'direct' as const }),
  }
}

function readPem(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new Error(`names a file that cannot be read (${(error as NodeJS.ErrnoException).code})`)
  }
}

const BEGIN = {
  write: 'BEGIN',
  snapshot: 'BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY',
} as const

/** A timeout above the server's default is raised on the server, too. */
function beginStatement(mode: 'write' | 'snapshot', timeoutMs: number): string {
  if (timeoutMs <= SERVER_TIMEOUT_MS) return BEGIN[mode]
  const whole = Math.ceil(timeoutMs)
  return `${BEGIN[mode]}; SET LOCAL statement_timeout = ${whole};
    SET LOCAL idle_in_transaction_session_timeout = ${whole}`
}

async function transact<Result>(
  query: RunQuery,
  begin: string,
  work: (query: RunQuery) => Promise<Result>,
): Promise<Result> {
  await query(begin)
  let fault: unknown
  const noting: RunQuery = (...statement) =>
    query<never>(...statement).catch((error) => {
      fault = error
      throw error
    })
  try {
    const result = await work(noting)
    // Even if `work` caught the error: after one, COMMIT rolls back and reports it only as a
    // notice.
    if (fault !== undefined) throw fault
    await query('COMMIT')
    return result
  } catch (error) {
    // When this fails the connection is lost, and the transaction with it; the original error
    // matters.
    await query('ROLLBACK').catch(() => undefined)
    throw error
  }
}
