/** For programs that administer clients: ModularIoT Auth's admin API over HTTP. */

export {
  AccessDeniedError,
  ConfigError,
  InvalidClientError,
  NetworkError,
  RateLimitedError,
  ServerError,
  TimeoutError,
  TokenError,
} from '@modulariot/oauth/client'
export { RefusedError } from '../request/refused-error.ts'
export type { RetryLimits } from '../request/retries.ts'
export type { Timing } from '../timing/timing.ts'
export { adminOver } from './admin-over.ts'
export type { CallOptions } from './call-options.ts'
export { createAdminClient, type ModularIoTAdminOptions } from './create-admin-client.ts'
export type {
  ActivityQuery,
  AuditPage,
  AuditQuery,
  ChangeOptions,
  ClientAdmin,
  ClientsPage,
  ClientsQuery,
  CreateManyOptions,
  ModularIoTAdmin,
  NewSecretOptions,
  PageQuery,
  RefusalQuery,
  SecretAdmin,
  UpdateOptions,
} from './modular-iot-admin.ts'
export type { InvitationAdmin, MemberAdmin, OrganizationAdmin } from './people-admin.ts'
export type {
  CreatedInvitation,
  Invitation,
  Member,
  Organization,
  Role,
  SigningKey,
} from './people-records.ts'
export type {
  Activity,
  AddedSecret,
  Allowlist,
  AssertionPolicy,
  Audience,
  AuditCheckpoint,
  AuditEntry,
  BulkResult,
  ChangeResult,
  Client,
  ClientChange,
  ClientKeyInfo,
  ClientUsage,
  CreatedClient,
  Grant,
  GrantInput,
  Hygiene,
  ListedClient,
  LoginAddress,
  ManyChange,
  NewClient,
  NextToken,
  NextTokenRequest,
  PublicJwk,
  Quota,
  Refusal,
  Retention,
  SecretInfo,
  ServerVersion,
  UsedSecret,
  WastefulClient,
} from './records.ts'
export type { AdminAnswer, AdminCall, AdminTransport, BulkCall } from './transport.ts'
