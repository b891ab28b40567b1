/**
 * One connection of the pool, borrowed for a unit of work with a deadline.
 *
 * A server that hangs is worse than one that is down, so the deadline is enforced on this side, and
 * a connection that missed it is discarded.
 */

import type pg from 'pg'
import { endsConnection, translatePostgres, unavailable } from './postgres-errors.ts'

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
 * @param timeoutMs total, including the wait for a connection.
 */
export async function withSession<Result>(
  pool: pg.Pool,
  timeoutMs: number,
  work: (query: RunQuery) => Promise<Result>,
): Promise<Result> {
  const deadline = performance.now() + timeoutMs
  const client = await connect(pool, timeoutMs)
  let broken = false
  // Between two statements, a connection that breaks would otherwise emit an unhandled error.
  const noteBroken = (): void => {
    broken = true
  }
  client.on('error', noteBroken)

  const query: RunQuery = async (statement, values) => {
    const left = deadline - performance.now()
    if (left < 1) throw unavailable(new Error(`no answer within ${timeoutMs} ms`))
    try {
      return rowsOf(await client.query(configOf(statement, values, left)))
    } catch (error) {
      broken ||= endsConnection(error)
      throw error
    }
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
 * know.
 */
const SETTINGS = `SET statement_timeout = ${SERVER_TIMEOUT_MS};
  SET idle_in_transaction_session_timeout = ${SERVER_TIMEOUT_MS}`
const settled = new WeakSet<pg.PoolClient>()

/** Everything that fails before the first statement is a connection problem. */
async function connect(pool: pg.Pool, timeoutMs: number): Promise<pg.PoolClient> {
  if (pool.ending) throw new Error('the database was closed')
  const client = await pool.connect().catch((error) => {
    throw unavailable(error)
  })
  if (settled.has(client)) return client
  try {
    await client.query(configOf(SETTINGS, undefined, timeoutMs))
  } catch (error) {
    client.release(true)
    throw unavailable(error)
  }
  settled.add(client)
  return client
}

function configOf(
  statement: string | Statement,
  values: readonly unknown[] | undefined,
  timeoutMs: number,
): pg.QueryConfig {
  const { name, text } = typeof statement === 'string' ? { text: statement } : statement
  return {
    text,
    ...(name === undefined ? {} : { name }),
    ...(values === undefined ? {} : { values: [...values] }),
    query_timeout: Math.ceil(timeoutMs),
  } as pg.QueryConfig
}

/** Several statements in one text have several results; the last one counts. */
function rowsOf<Row extends object>(result: pg.QueryResult | pg.QueryResult[]): Rows<Row> {
  const last = Array.isArray(result) ? result.at(-1) : result
  return { rows: (last?.rows ?? []) as Row[], count: last?.rowCount ?? 0 }
}
