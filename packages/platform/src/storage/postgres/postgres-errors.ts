/** Translates the errors of PostgreSQL and of the connection to it into those of ../errors.ts. */

import pg from 'pg'
import { StoreConflict, StoreUnavailable } from '../errors.ts'

/** unique_violation, foreign_key_violation. */
const CONFLICTS = new Set(['23505', '23503'])

/** Two transactions collided, and one of them has to be retried. */
const RETRYABLE = new Set([
  '40001', // serialization_failure
  '40P01', // deadlock_detected
])

/**
 * SQLSTATEs, or their class, that concern the environment and not the statement
 * (https://www.postgresql.org/docs/current/errcodes-appendix.html).
 */
const UNAVAILABLE = [
  '08', // connection exception
  '25006', // read only: a standby, or a primary that became one
  '25P03', // we were idle in a transaction for too long
  '28', // not let in: the password was changed
  '3D000', // the database is not there
  '40001',
  '40P01',
  '53', // out of disk, memory or connections
  '55P03', // lock not available in time
  '57014', // statement timeout
  '57P', // shutting down, starting up
  '58', // the server's own I/O
]

/** Messages of `pg`, without a code, when the connection is at fault. */
const CONNECTION_FAULT =
  /^(Connection terminated|Query read timeout|timeout exceeded|Client has encountered|Client was closed)/

/** Socket errors have a code like ECONNRESET. */
const SOCKET_CODE = /^E[A-Z]+(_[A-Z]+)?$/

/** The store error for an error of `pg`; any other error is returned unchanged. */
export function translatePostgres(error: unknown): unknown {
  if (error instanceof pg.DatabaseError) {
    const { code = '' } = error
    if (CONFLICTS.has(code)) return new StoreConflict(error.message, { cause: error })
    return UNAVAILABLE.some((prefix) => code.startsWith(prefix)) ? unavailable(error) : error
  }
  if (!(error instanceof Error)) return error
  const { code } = error as NodeJS.ErrnoException
  const socket = typeof code === 'string' && SOCKET_CODE.test(code) && 'syscall' in error
  return socket || CONNECTION_FAULT.test(error.message) ? unavailable(error) : error
}

/** Everything that fails before the first statement is a connection problem. */
export function unavailable(error: unknown): StoreUnavailable {
  // After several addresses were tried (RFC 8305), only the first error carries a message.
  const first = error instanceof AggregateError ? error.errors[0] : error
  const message = first instanceof Error ? first.message : String(first)
  return new StoreUnavailable(`PostgreSQL: ${message}`, { cause: error })
}

/** A distant database may need it: each statement takes a round trip. */
export function noAnswer(limitMs: number, cause?: unknown): StoreUnavailable {
  return unavailable(
    new Error(`no answer within ${limitMs} ms, the limit for one unit of work`, { cause }),
  )
}

/** True for the store error of a transaction that may succeed on a retry. */
export function isRetryable(error: unknown): boolean {
  const cause = error instanceof StoreUnavailable ? error.cause : null
  return cause instanceof pg.DatabaseError && RETRYABLE.has(cause.code ?? '')
}

/** True when the connection is unusable after this error. */
export function endsConnection(error: unknown): boolean {
  return !(error instanceof pg.DatabaseError) || /^(08|25P03|57P)/.test(error.code ?? '')
}
