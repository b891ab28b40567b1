/** What the command line uses of ModularIoT API; the server itself is `@modulariot/api/server`. */

export { ERASE_SCOPE, SCOPES } from './http/scopes.ts'
export { startTelemetryMaintenance } from './maintenance.ts'
export { openSqliteTelemetryStore, sqliteTelemetryVersion } from './store/sqlite/sqlite-store.ts'
export type { TelemetryStore } from './store/store.ts'
export { TELEMETRY_TABLES } from './store/tables.ts'
