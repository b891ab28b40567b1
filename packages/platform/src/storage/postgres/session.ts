/**
 * One connection of the pool, borrowed for a unit of work with a deadline.
 *
 * A server that hangs is worse than one that is down, so the deadline is enforced on this side, and
 * a connection that missed it is discarded.
 */

import type pg from 'pg'
import { ConnectTimeout } from './connect-in-time.ts'
import { Deadline } from './in-time.ts'
import type { Places } from './places.ts'
import type { PoolerCheck } from './pooler-check.ts'
import { endsConnection, noAnswer, translatePostgres, unavailable } from './postgres-errors.ts'

export interface SessionPool {
  readonly pool: pg.Pool
  /** As many as the pool has connections: with a place, one is idle or may be opened. */
  readonly places: Places
  /** For one new connection, apart from the deadline of what it is opened for. */
  readonly connectTimeoutMs: number
  readonly check: PoolerCheck
}

/** A frequent statement has a name, and is then planned once per connection. */
export interface Statement {
  readonly name?: string
  readonly text: string
}

export interface Rows<Row> {
  readonly rows: Row[]
  /** Rows returned or changed. */
  readonly count: number
}

/** @throws StoreUnavailable, StoreConflict */
export type RunQuery = <Row extends object = Record<string, unknown>>(
  statement: string | Statement,
  values?: readonly unknown[],
) => Promise<Rows<Row>>

/**
 * Runs `work` with a connection of its own; its errors are rethrown as those of ../errors.ts.
 *
 * @param timeoutMs total, including the wait for a connection in use. A new connection has its own
 *   limit, and the time counts from when it is there: connecting takes about seven round trips.
 */
export async function withSession<Result>(
  sessions: SessionPool,
  timeoutMs: number,
  work: (query: RunQuery) => Promise<Result>,
): Promise<Result> {
  const waitedMs = await takePlace(sessions, timeoutMs)
  try {
    const { client, isNew } = await connect(sessions, timeoutMs)
    return await runWork(client, timeoutMs - (isNew ? 0 : waitedMs), timeoutMs, work)
  } finally {
    sessions.places.leave()
  }
}

/** @param leftMs of `timeoutMs`, which errors name. */
async function runWork<Result>(
  client: pg.PoolClient,
  leftMs: number,
  timeoutMs: number,
  work: (query: RunQuery) => Promise<Result>,
): Promise<Result> {
  const deadline = new Deadline(leftMs)
  let broken = false
  // Between two statements, a connection that breaks would otherwise emit an unhandled error.
  const noteBroken = (): void => {
    broken = true
  }
  client.on('error', noteBroken)

  const ask: RunQuery = async (statement, values) => {
    if (deadline.leftMs < 1) throw noAnswer(timeoutMs)
    try {
      const answer = client.query(configOf(statement, values))
      return rowsOf(await deadline.wait(answer, () => noAnswer(timeoutMs)))
    } catch (error) {
      broken ||= endsConnection(error)
      throw error
    }
  }
  // One at a time: `pg` would queue them just the same, and warn on stderr about it.
  let last: Promise<unknown> = Promise.resolve()
  const query: RunQuery = <Row extends object>(...statement: Parameters<RunQuery>) => {
    const result = last.then(() => ask<Row>(...statement))
    last = result.catch(() => undefined)
    return result
  }
  try {
    return await work(query)
  } catch (error) {
    throw translatePostgres(error)
  } finally {
    client.off('error', noteBroken)
    // The deadline may have passed between two statements, the ROLLBACK included; the next borrower
    // of the connection would continue this transaction, and commit what was refused.
    client.release(broken || client.getTransactionStatus() !== 'I')
  }
}

/** The server also cancels what this side has given up, and releases its locks. */
export const SERVER_TIMEOUT_MS = 10_000

/**
 * Sent on each new connection, not as startup parameters: poolers refuse parameters they do not
 * know. A database or a role may set `extra_float_digits` to 0 or less, and numbers would be
 * rounded on their way here.
 */
const SETTINGS = `SET statement_timeout = ${SERVER_TIMEOUT_MS};
  SET idle_in_transaction_session_timeout = ${SERVER_TIMEOUT_MS};
  SET extra_float_digits = 1;
  SELECT pg_backend_pid() AS pid`
const settled = new WeakSet<pg.PoolClient>()

/**
 * Waits until the pool has a connection to give.
 *
 * @returns how long it took, in milliseconds, pauses of this process apart.
 */
async function takePlace(
  { pool, places, connectTimeoutMs }: SessionPool,
  timeoutMs: number,
): Promise<number> {
  const taken = places.take()
  if (taken === null) return 0
  const limitMs = Math.min(timeoutMs, connectTimeoutMs)
  const deadline = new Deadline(limitMs)
  const busy = () =>
    unavailable(new Error(`all ${pool.options.max} connections were busy for ${limitMs} ms`))
  try {
    await deadline.wait(taken, busy)
    return limitMs - deadline.leftMs
  } catch (error) {
    taken.then(() => places.leave())
    throw error
  }
}

/** Everything that fails before the first statement is a connection problem. */
async function connect(
  { pool, connectTimeoutMs, check }: SessionPool,
  timeoutMs: number,
): Promise<{ readonly client: pg.PoolClient; readonly isNew: boolean }> {
  if (pool.ending) throw new Error('the database was closed')
  const client = await borrow(pool, connectTimeoutMs).catch((error) => {
    throw notConnected(error, connectTimeoutMs)
  })
  if (settled.has(client)) return { client, isNew: false }
  try {
    const limitMs = Math.max(timeoutMs, connectTimeoutMs)
    const late = () => new ConnectTimeout(`no answer within ${limitMs} ms`)
    const settings = new Deadline(limitMs).wait(client.query(SETTINGS), late)
    const { rows } = rowsOf<{ pid: number }>(await settings)
    await check(client, rows[0]?.pid ?? 0)
  } catch (error) {
    client.release(true)
    throw notConnected(error, connectTimeoutMs)
  }
  settled.add(client)
  return { client, isNew: true }
}

/**
 * The limit is that of the connection itself, which comes first and discards it; the pool alone
 * would keep a request without an answer that it received while it was closed.
 */
async function borrow(pool: pg.Pool, connectTimeoutMs: number): Promise<pg.PoolClient> {
  const borrowed = pool.connect()
  const late = () => new ConnectTimeout('the pool gave no connection')
  try {
    return await new Deadline(connectTimeoutMs + POOL_GRACE_MS).wait(borrowed, late)
  } catch (error) {
    borrowed.then(
      (client) => client.release(),
      () => undefined,
    )
    throw error
  }
}

const POOL_GRACE_MS = 20

function notConnected(error: unknown, limitMs: number): Error {
  if (!(error instanceof ConnectTimeout)) return unavailable(error)
  return unavailable(
    new Error(
      `no connection within ${limitMs} ms; connect_timeout=<seconds> in the database URL changes this limit`,
      { cause: error },
    ),
  )
}

function configOf(
  statement: string | Statement,
  values: readonly unknown[] | undefined,
): pg.QueryConfig {
  const { name, text } = typeof statement === 'string' ? { text: statement } : statement
  return {
    text,
    ...(name === undefined ? {} : { name }),
    ...(values === undefined ? {} : { values: [...values] }),
  }
}

/** Several statements in one text have several results; the last one counts. */
function rowsOf<Row extends object>(result: pg.QueryResult | pg.QueryResult[]): Rows<Row> {
  const last = Array.isArray(result) ? result.at(-1) : result
  return { rows: (last?.rows ?? []) as Row[], count: last?.rowCount ?? 0 }
}
