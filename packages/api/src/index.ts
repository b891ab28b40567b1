/** What the command line may use of ModularIoT API. */

export { startTelemetryMaintenance } from './maintenance.ts'
export { SCOPES } from './scopes.ts'
export { type ApiServerOptions, createApiServer } from './server.ts'
export { openSqliteTelemetryStore } from './store/sqlite/sqlite-store.ts'
export type { TelemetryStore } from './store/store.ts'
export { TELEMETRY_TABLES } from './store/tables.ts'
