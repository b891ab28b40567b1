/** What stores are made of: their errors, and SQLite files opened, migrated and written atomically. */

export { atomically } from './atomically.ts'
export { StoreConflict, StoreUnavailable } from './errors.ts'
export { type Migration, migrate, readMigrations } from './migrate.ts'
export { openDatabase } from './open-sqlite.ts'
export { attempt, translate } from './sqlite-errors.ts'
