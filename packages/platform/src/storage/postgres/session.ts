/**
 * One connection of the pool, borrowed for a unit of work that has a deadline.
 *
 * A server that hangs is worse than one that is gone, so the deadline is kept on this side, and a
 * connection that missed it is thrown away.
 */

import type pg from 'pg'
import { endsConnection, translatePostgres, unavailable } from './postgres-errors.ts'

/** A statement that is used often has a name, and is then planned once a connection. */
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
 * Runs `work` with a connection of its own; what it throws comes out, in the terms of ../errors.ts.
 *
 * @param timeoutMs for all of it, the wait for a connection included.
 */
export async function withSession<Result>(
  pool: pg.Pool,
  timeoutMs: number,
  work: (query: RunQuery) => Promise<Result>,
): Promise<Result> {
  const deadline = performance.now() + timeoutMs
  const client = await connect(pool, timeoutMs)
  let broken = false
  // Between two statements a connection that breaks would otherwise be an error that nobody hears.
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
    // The time may have run out between two statements, the ROLLBACK included; whoever gets the
    // connection next would go on in this transaction, and commit what was refused.
    client.release(broken || client.getTransactionStatus() !== 'I')
  }
}

/** What we have given up is given up by the server, too, and lets go of its locks. */
export const SERVER_TIMEOUT_MS = 10_000

/**
 * Said on each new connection, not while it is made: poolers on the way refuse what they do not
 * know there.
 */
const SETTINGS = `SET statement_timeout = ${SERVER_TIMEOUT_MS};
  SET idle_in_transaction_session_timeout = ${SERVER_TIMEOUT_MS}`
const settled = new WeakSet<pg.PoolClient>()

/** Whatever goes wrong before the first statement is about the way to the server. */
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
