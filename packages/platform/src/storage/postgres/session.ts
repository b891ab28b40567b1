/**
 * One connection of the pool, borrowed for a unit of work with a deadline.
 *
 * A server that hangs is worse than one that is down, so the deadline is enforced on this side, and
 * a connection that missed it is discarded.
 */

import type pg from 'pg'
import { inTime } from './in-time.ts'
import type { PoolerCheck } from './pooler-check.ts'
import { endsConnection, noAnswer, translatePostgres, unavailable } from './postgres-errors.ts'

export interface SessionPool {
  readonly pool: pg.Pool
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
  const askedAt = performance.now()
  const { client, isNew } = await connect(sessions, timeoutMs)
  const deadline = (isNew ? performance.now() : askedAt) + timeoutMs
  let broken = false
  // Between two statements, a connection that breaks would otherwise emit an unhandled error.
  const noteBroken = (): void => {
    broken = true
  }
  client.on('error', noteBroken)

  const ask: RunQuery = async (statement, values) => {
    const left = deadline - performance.now()
    if (left < 1) throw noAnswer(timeoutMs)
    try {
      const answer = client.query(configOf(statement, values))
      return rowsOf(await inTime(answer, left, () => noAnswer(timeoutMs)))
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

/** Everything that fails before the first statement is a connection problem. */
async function connect(
  { pool, connectTimeoutMs, check }: SessionPool,
  timeoutMs: number,
): Promise<{ readonly client: pg.PoolClient; readonly isNew: boolean }> {
  if (pool.ending) throw new Error('the database was closed')
  const opens = pool.idleCount === 0 && pool.totalCount < pool.options.max
  const limitMs = opens ? connectTimeoutMs : Math.min(timeoutMs, connectTimeoutMs)
  const client = await borrow(pool, limitMs).catch((error) => {
    throw opens ? notConnected(error, connectTimeoutMs) : unavailable(error)
  })
  if (settled.has(client)) return { client, isNew: false }
  try {
    const limitMs = Math.max(timeoutMs, connectTimeoutMs)
    const late = () => new Error(`timeout: no answer within ${limitMs} ms`)
    const { rows } = rowsOf<{ pid: number }>(await inTime(client.query(SETTINGS), limitMs, late))
    await check(client, rows[0]?.pid ?? 0)
  } catch (error) {
    client.release(true)
    throw notConnected(error, connectTimeoutMs)
  }
  settled.add(client)
  return { client, isNew: true }
}

/** The pool has one limit for both waits, to open a connection and for one in use. */
async function borrow(pool: pg.Pool, limitMs: number): Promise<pg.PoolClient> {
  const borrowed = pool.connect()
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(() => {
    borrowed.then(
      (client) => client.release(),
      () => undefined,
    )
    late.reject(new Error(`all ${pool.options.max} connections were busy for ${limitMs} ms`))
  }, limitMs + POOL_GRACE_MS)
  try {
    return await Promise.race([borrowed, late.promise])
  } finally {
    clearTimeout(timer)
  }
}

/** So that the pool's own limit, when it is the same, comes first and discards the connection. */
const POOL_GRACE_MS = 20

function notConnected(error: unknown, limitMs: number): Error {
  if (!/timeout/i.test((error as Error).message ?? '')) return unavailable(error)
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
