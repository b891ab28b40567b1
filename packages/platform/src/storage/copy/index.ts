/** Moving house between databases: for `miot copy` alone, and loaded only by it. */

export type { TableSpec } from '../table-spec.ts'
export { type CopiedTable, copyTables, type ShowProgress, TargetNotEmpty } from './copy-tables.ts'
export { withPostgresTables } from './postgres-tables.ts'
export { withSqliteTables } from './sqlite-tables.ts'
export { type CellRow, type MakeRoom, PlaceInUse, type TablePlace, TextNotKept } from './tables.ts'
