/**
 * What stores are built on: their errors, and SQLite files opened, migrated and written atomically.
 */

export { atomically } from './atomically.ts'
export { openSoundly, watchForDamage } from './damage.ts'
export { StoreConflict, StoreDamaged, StoreUnavailable, StoreUnwritable } from './errors.ts'
export { type GroupCommit, groupCommit } from './group-commit.ts'
export { appliedVersion, migrate } from './migrate.ts'
export { type Migrated, type Migration, readMigrations } from './migrations.ts'
export { assertPrivateDatabase, openDatabase } from './open-sqlite.ts'
export { attempt, translate } from './sqlite-errors.ts'
export type { ColumnType, TableSpec } from './table-spec.ts'
export { trialWrite, type Writability, watchWrites } from './write-faults.ts'
