/**
 * How ModularIoT Auth is administered, without its servers, which take long to load:
 * `@modulariot/auth/server`. What costs nothing to load is in `@modulariot/auth/values`.
 */

export { listRefusals, type RefusalFilter, type ShownRefusal } from './admin/activity.ts'
export { type ChangeResult, changeEach, changeOneOf } from './admin/change-clients.ts'
export * from './admin/clients.ts'
export { type AdminContext, auditedClient, systemContext } from './admin/context.ts'
export { type CutResult, cutTrail } from './admin/cut-trail.ts'
export * from './admin/installation.ts'
export * from './admin/keys.ts'
export { type NextToken, type NextTokenRequest, nextToken } from './admin/next-token.ts'
export {
  type KeyReplacement,
  type RemainingSecret,
  remainingSecrets,
  resealSigningKeys,
} from './admin/reseal.ts'
export { assertOrganization, setRetention } from './admin/retention.ts'
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
export { allowlistOf, type ClientOptions, inputOf, newInputOf } from './client-file/options.ts'
export { weaknessOf } from './clients/client-key.ts'
export type { ManyChange } from './clients/many-change.ts'
export { type ClientChange, type ClientInput, newClient } from './clients/new-client.ts'
export { SignerFault, type SignerFaultKind } from './errors/signer-fault.ts'
export { EncryptionKeys } from './keys/encryption-keys.ts'
export { ExternalKeys, probeExternalKeys } from './keys/external-keys.ts'
export type { CreatedKey, ExternalSigner } from './keys/external-signer.ts'
export { holderOf, type KeyHolder } from './keys/key-holder.ts'
export { EightSigner } from './keys/multi-buffer/eight-signer.ts'
export {
  openRsaLibrary,
  type RsaLibrary,
  type RsaLibrarySetting,
} from './keys/multi-buffer/open-rsa-library.ts'
export { assertOpensKeys } from './keys/opens-keys.ts'
export {
  deriveInstallationKeys,
  type InstallationKeys,
} from './keys/sealing.ts'
export { storedHeaders } from './keys/stored-headers.ts'
export { type RecordedErasure, recordErasure } from './people/erasures.ts'
export {
  type CreatedInvitation,
  createInvitation,
} from './people/invitations.ts'
export { createMailer } from './people/mail.ts'
export type { Mail } from './people/mailer-port.ts'
export { changeRole, listMembers, removeMember } from './people/members.ts'
export { linkOf } from './people/messages.ts'
export {
  createResetLink,
  disablePerson,
  enablePerson,
  getPerson,
  listPeople,
  type PersonView,
  removePerson,
  signOutPerson,
} from './people/operator.ts'
export { renameOrganization } from './people/organizations.ts'
export { type ResealedTwoFactors, resealTwoFactors } from './people/reseal-two-factors.ts'
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
  type ListedClient,
  type Organization,
  type Tenant,
} from './records/client.ts'
export { MAX_ADDRESSES } from './records/usage.ts'
export type { ClientQuery } from './store/ports/clients.ts'
export type { AuditQuery } from './store/ports/trail.ts'
export { headOfCopy, sealedKeysOfCopy } from './store/sqlite/head-of-copy.ts'
export { openSqliteAuthStore, sqliteAuthVersion } from './store/sqlite/sqlite-store.ts'
export type { AuthStore } from './store/store.ts'
export { AUTH_TABLES } from './store/tables.ts'
