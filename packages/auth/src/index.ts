/** What the command line (and later the console) uses of ModularIoT Auth. */

export * from './admin/clients.ts'
export { type AdminContext, auditedClient, systemContext } from './admin/context.ts'
export { type CutResult, cutTrail } from './admin/cut-trail.ts'
export * from './admin/installation.ts'
export * from './admin/keys.ts'
export { assertOrganization, setRetention } from './admin/retention.ts'
export { parseLine } from './admin/schemas.ts'
export { adminAudience, feedAudience } from './admin/scopes.ts'
export * from './admin/secrets.ts'
export * from './admin/tokens.ts'
export * from './admin/usage.ts'
export { checkTrail, knownHead, readBase, takeCheckpoint } from './audit/check-trail.ts'
export {
  type Checkpoint,
  CheckpointRefused,
  type CheckpointSigner,
  createCheckpointSigner,
  decodeCheckpoint,
  type SignedCheckpoint,
} from './audit/checkpoint.ts'
export { type AuditHead, type AuditVerdict, type KnownHead, verifyTrail } from './audit/verify.ts'
export { type CheckpointArchive, knownHeads } from './background/checkpoint-keeper.ts'
export { weaknessOf } from './clients/client-key.ts'
export { type ClientChange, type ClientInput, newClient } from './clients/new-client.ts'
export { AdminError, type AdminErrorCode } from './errors/admin-error.ts'
export { authOpenApi } from './http/openapi.ts'
export {
  DEFAULT_JWKS_MAX_AGE_SECONDS,
  DEFAULT_KEY_ROTATION_DAYS,
  type KeyPolicy,
  keyPolicy,
} from './keys/key-life.ts'
export {
  deriveInstallationKeys,
  ENCRYPTION_KEY_BYTES,
  type InstallationKeys,
  SealBroken,
} from './keys/sealing.ts'
export {
  type Audience,
  DEFAULT_TOKEN_LIFETIME_SECONDS,
  TOKEN_LIFETIME_BOUNDS,
} from './records/audience.ts'
export type { Actor, AuditEntry, AuditRow } from './records/audit-entry.ts'
export {
  type Client,
  type ClientView,
  clientViewOf,
  type Organization,
  type Tenant,
} from './records/client.ts'
export { type AuthServer, type AuthServerOptions, createAuthServer } from './server.ts'
export type { ClientQuery } from './store/ports/clients.ts'
export type { AuditQuery } from './store/ports/trail.ts'
export { openSqliteAuthStore } from './store/sqlite/sqlite-store.ts'
export type { AuthStore } from './store/store.ts'
export { AUTH_TABLES } from './store/tables.ts'
