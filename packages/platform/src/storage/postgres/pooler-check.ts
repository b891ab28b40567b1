/**
 * Detects a pooler that hands out its connections by transaction, such as PgBouncer with
 * `pool_mode = transaction`.
 *
 * There, a statement runs in any of the pooler's sessions: what was set, prepared or listened to is
 * in another one. Nothing of it fails at once, so the first connection looks for it. A pooler that
 * pools by session, and a direct connection, pass.
 */

import pg from 'pg'
import { type ConnectionConfig, ConnectTimeout, TimedClient } from './connect-in-time.ts'
import { Deadline } from './in-time.ts'

/**
 * Call for a new connection.
 *
 * @param pid what `pg_backend_pid()` returned in the connection's latest statement.
 * @throws Error when the pooler pools by transaction.
 */
export type PoolerCheck = (client: pg.ClientBase, pid: number) => Promise<void>

const ROUNDS = 3
const QUERY_TIMEOUT_MS = 800

/** Looks once for all connections that `config` opens. */
export function createPoolerCheck(config: ConnectionConfig): PoolerCheck {
  let isKnownGood = false
  return async (client, pid) => {
    // A pooler tells its clients a process id of its own.
    if (isKnownGood || ownPidOf(client) === pid) return
    const moves = await movesBetweenSessions(config, client, pid)
    if (moves === true) {
      throw new Error(
        'the URL leads to a pooler that pools by transaction or statement, where LISTEN, prepared statements and session settings do not work; let it pool by session (PgBouncer: pool_mode = session), or connect to PostgreSQL directly',
      )
    }
    isKnownGood = moves === false
  }
}

/**
 * A second connection begins a transaction. When it gets the session that the first one has just
 * used, or the first one gets another, sessions are not kept.
 *
 * @returns null when there is no telling: a full pooler has no second connection.
 */
async function movesBetweenSessions(
  config: ConnectionConfig,
  first: pg.ClientBase,
  pid: number,
): Promise<boolean | null> {
  const second = new TimedClient(config)
  second.on('error', () => undefined)
  try {
    await second.connect()
    for (let round = 1; round <= ROUNDS; round++) {
      await pidOf(second, 'BEGIN; SELECT pg_backend_pid() AS pid')
      if ((await pidOf(second)) === pid || (await pidOf(first)) !== pid) return true
      await pidOf(second, 'ROLLBACK; SELECT pg_backend_pid() AS pid')
    }
    return false
  } catch (error) {
    // PgBouncer allows no transaction at all with `pool_mode = statement`.
    return error instanceof pg.DatabaseError && /pooling mode/.test(error.message) ? true : null
  } finally {
    second.end().catch(() => undefined)
    second.connection.stream.destroy()
  }
}

/** What the peer said at the start; not in the types of `pg`. */
function ownPidOf(client: pg.ClientBase): number | null {
  return (client as unknown as { processID: number | null }).processID
}

async function pidOf(client: pg.ClientBase, text = 'SELECT pg_backend_pid() AS pid') {
  const late = () => new ConnectTimeout(`no answer within ${QUERY_TIMEOUT_MS} ms`)
  const answer: Promise<pg.QueryResult | pg.QueryResult[]> = client.query(text)
  const result = await new Deadline(QUERY_TIMEOUT_MS).wait(answer, late)
  const last = Array.isArray(result) ? result.at(-1) : result
  return (last?.rows[0] as { pid: number } | undefined)?.pid
}
