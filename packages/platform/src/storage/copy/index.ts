/** Copies an installation between databases: for `miot copy` alone, and loaded only by it. */

export type { TableSpec } from '../table-spec.ts'
export { type CopiedTable, copyTables, type ShowProgress, TargetNotEmpty } from './copy-tables.ts'
export { withPostgresTables } from './postgres-tables.ts'
export { withSqliteTables } from './sqlite-tables.ts'
export {
  type CellRow,
  DatabaseInUse,
  type HeldDatabase,
  type MakeRoom,
  TextNotKept,
} from './tables.ts'
