/**
 * PostgreSQL as stores use it. An entry of its own: who runs on the embedded store never loads
 * `pg`.
 */

export { assertWritable } from './assert-writable.ts'
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
