/**
 * PostgreSQL as stores use it. A separate entry, so that an installation on the embedded store
 * never loads `pg`.
 */

export { assertWritable, trialWrite } from './assert-writable.ts'
export { bigintArray, byteaArray, float8Array, intArray, textArray } from './binary-arrays.ts'
export { postgresClock } from './database-clock.ts'
export type { Listener, ListenHandlers } from './listen.ts'
export { appliedPostgresVersion, migratePostgres } from './migrate-postgres.ts'
export {
  openPostgres,
  type Postgres,
  type PostgresOptions,
  type QueryOptions,
  type TransactionOptions,
} from './open-postgres.ts'
export type { Rows, RunQuery, Statement } from './session.ts'
