/** What the command line (and later the console) may use of ModularIoT Auth. */

export {
  type Audience,
  DEFAULT_TOKEN_LIFETIME_SECONDS,
  TOKEN_LIFETIME_BOUNDS,
} from './audiences/audience.ts'
export type { Client, ClientRecord, Grant, Organization } from './clients/client.ts'
export { type NewClient, type Registration, registerClient } from './clients/register.ts'
export { createId } from './clients/secret.ts'
export { InvalidInput } from './invalid-input.ts'
export {
  deriveInstallationKeys,
  ENCRYPTION_KEY_BYTES,
  type InstallationKeys,
  SealBroken,
} from './keys/sealing.ts'
export { type AuthServer, type AuthServerOptions, createAuthServer } from './server.ts'
export { openSqliteAuthStore } from './store/sqlite/sqlite-store.ts'
export type { AuthStore } from './store/store.ts'
