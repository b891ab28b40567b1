/** The exports of ModularIoT API for the command line. */

export { SCOPES } from './http/scopes.ts'
export { startTelemetryMaintenance } from './maintenance.ts'
export { type ApiServerOptions, createApiServer } from './server.ts'
export { openSqliteTelemetryStore } from './store/sqlite/sqlite-store.ts'
export type { TelemetryStore } from './store/store.ts'
export { TELEMETRY_TABLES } from './store/tables.ts'
