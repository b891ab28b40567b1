/**
 * Every METHOD and path of the admin API, with its scope. OpenAPI is generated from this table.
 */

import type { TSchema } from '@modulariot/platform/schema'
import {
  ActivitySchema,
  AddedSecretSchema,
  AudienceListSchema,
  AuditCheckpointSchema,
  AuditPageSchema,
  BulkResultSchema,
  ClientChangeSchema,
  ClientPageSchema,
  ClientSchema,
  ClientUsageSchema,
  CreatedClientSchema,
  HygieneSchema,
  LoginAddressListSchema,
  ManyChangedSchema,
  ManyChangeSchema,
  NewClientSchema,
  NewSecretSchema,
  NextTokenSchema,
  RefusalPageSchema,
  RetentionSchema,
  RotationSchema,
  SecretUseListSchema,
  ServerVersionSchema,
  WastefulClientsSchema,
} from '../../admin/schemas.ts'
import type { AdminScope } from '../../admin/scopes.ts'
import {
  CreatedInvitationSchema,
  InvitationListSchema,
  InvitationSchema,
  KeyListSchema,
  MemberChangeSchema,
  MemberListSchema,
  MemberSchema,
  NewInvitationSchema,
  OrganizationChangeSchema,
  OrganizationSchema,
  TelemetryTokenSchema,
} from '../../people/schemas.ts'
import { TELEMETRY_USES } from '../../people/telemetry-token.ts'
import * as activity from './activity-endpoints.ts'
import type { AdminCall } from './call.ts'
import { changeMany } from './change-clients-endpoint.ts'
import * as clients from './clients-endpoints.ts'
import * as installation from './installation-endpoints.ts'
import { PAGE_PARAMETERS } from './page.ts'
import * as people from './people-endpoints.ts'

export interface AdminRoute {
  readonly operationId: string
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  /** In OpenAPI's notation. */
  readonly path: string
  readonly summary: string
  readonly scope: AdminScope
  /** Query parameters and their descriptions. */
  readonly query?: Readonly<Record<string, string>>
  readonly body?: TSchema
  readonly status: 200 | 201
  readonly answer: TSchema
  /** Refused for clients. */
  readonly forPersons?: true
  /** NDJSON both ways: a line of `body`, a line of `answer`. */
  readonly ndjson?: true
  /** What makes a retry safe, instead of an `Idempotency-Key` or `If-Match`. */
  readonly retry?: string
  readonly handle: (call: AdminCall) => Promise<unknown>
}

/** For a change that names the result. */
const SAME_AGAIN = 'send it again: the result is the same'

// biome-ignore format: a table reads best with one line a route
export const ADMIN_ROUTES: readonly AdminRoute[] = [
  { operationId: 'listClients', method: 'GET', path: '/admin/v1/clients', scope: 'clients:read', status: 200, answer: ClientPageSchema, handle: clients.list,
    summary: 'List clients',
    query: { ...PAGE_PARAMETERS, search: 'Part of the name, the client_id or the external_id.', tag: 'With this tag.', status: 'active or disabled.', external_id: 'With this external_id.', never_used: 'true: not used yet.', unused_since: 'Last used before this time (ISO 8601 with a zone); one that was never used counts from its creation.', failing_since: 'With a refused request since this time.', secret_ends_before: 'With a secret that ends between now and this time.' } },
  { operationId: 'createClient', method: 'POST', path: '/admin/v1/clients', scope: 'clients:write', status: 201, body: NewClientSchema, answer: CreatedClientSchema, handle: clients.create,
    summary: 'Register a client; only this response contains its secret' },
  { operationId: 'createClients', method: 'POST', path: '/admin/v1/clients/bulk', scope: 'clients:write', status: 200, body: NewClientSchema, answer: BulkResultSchema, ndjson: true, handle: clients.createMany,
    summary: 'Register many clients, one per line; a bad line fails alone, an existing external_id is left as it is',
    query: { dry_run: 'true: create nothing, and answer what each line would get.' } },
  { operationId: 'changeClients', method: 'POST', path: '/admin/v1/clients/batch', scope: 'clients:write', status: 200, body: ManyChangeSchema, answer: ManyChangedSchema, handle: changeMany,
    summary: 'Make one change to up to 100 clients: tags, disable, enable or rotate; each is judged alone, and only this response has new secrets' },
  { operationId: 'getHygiene', method: 'GET', path: '/admin/v1/clients/hygiene', scope: 'usage:read', status: 200, answer: HygieneSchema, handle: activity.hygiene,
    summary: 'Count the clients that need a look, by why' },
  { operationId: 'getClient', method: 'GET', path: '/admin/v1/clients/{client_id}', scope: 'clients:read', status: 200, answer: ClientSchema, handle: clients.get,
    summary: 'Get a client' },
  { operationId: 'updateClient', method: 'PATCH', path: '/admin/v1/clients/{client_id}', scope: 'clients:write', status: 200, body: ClientChangeSchema, answer: ClientSchema, handle: clients.update,
    summary: 'Change only what the body names; If-Match guards against concurrent changes' },
  { operationId: 'deleteClient', method: 'DELETE', path: '/admin/v1/clients/{client_id}', scope: 'clients:write', status: 200, answer: ClientSchema, handle: clients.remove,
    summary: 'Delete a client for good: its tokens stop working, the telemetry it reported stays' },
  { operationId: 'addSecret', method: 'POST', path: '/admin/v1/clients/{client_id}/secrets', scope: 'clients:write', status: 201, body: NewSecretSchema, answer: AddedSecretSchema, handle: clients.addOneSecret,
    summary: 'Add a secret; only this response contains it' },
  { operationId: 'rotateSecrets', method: 'POST', path: '/admin/v1/clients/{client_id}/secrets/rotate', scope: 'clients:write', status: 201, body: RotationSchema, answer: AddedSecretSchema, handle: clients.rotateClientSecrets,
    summary: 'Rotate: add a secret and end the others after the overlap' },
  { operationId: 'revokeSecret', method: 'DELETE', path: '/admin/v1/clients/{client_id}/secrets/{secret_id}', scope: 'clients:write', status: 200, answer: ClientSchema, handle: clients.revokeOneSecret,
    summary: 'Revoke a secret immediately' },
  { operationId: 'revokeClientTokens', method: 'POST', path: '/admin/v1/clients/{client_id}/tokens/revoke', scope: 'clients:write', status: 200, answer: ClientSchema, handle: clients.revokeTokens,
    summary: 'Revoke every token of the client; it may get new ones immediately' },
  { operationId: 'listSecrets', method: 'GET', path: '/admin/v1/clients/{client_id}/secrets', scope: 'clients:read', status: 200, answer: SecretUseListSchema, handle: clients.secrets,
    summary: 'List the secrets of a client and when each was last used, without their values' },
  { operationId: 'getClientUsage', method: 'GET', path: '/admin/v1/clients/{client_id}/usage', scope: 'usage:read', status: 200, answer: ClientUsageSchema, handle: clients.usage,
    summary: 'Get how many tokens a client got, when it was last used, and each of its secrets' },
  { operationId: 'listClientAddresses', method: 'GET', path: '/admin/v1/clients/{client_id}/addresses', scope: 'usage:read', status: 200, answer: LoginAddressListSchema, handle: clients.addresses,
    summary: 'List the addresses that a client logged in from lately, the last first' },
  { operationId: 'getNextToken', method: 'GET', path: '/admin/v1/clients/{client_id}/next-token', scope: 'clients:read', status: 200, answer: NextTokenSchema, handle: clients.next,
    summary: 'Get what the next token of a client would contain, or why its login would be refused; nothing is signed',
    query: { audience: 'As in the login; left out: the only one granted, or the default.', scope: 'As in the login; left out: everything granted.' } },
  { operationId: 'listWastefulClients', method: 'GET', path: '/admin/v1/usage/wasteful', scope: 'usage:read', status: 200, answer: WastefulClientsSchema, handle: installation.wasteful,
    summary: 'List clients that request tokens long before they need them, worst first',
    query: { limit: PAGE_PARAMETERS.limit } },
  { operationId: 'listRefusals', method: 'GET', path: '/admin/v1/activity/refusals', scope: 'usage:read', status: 200, answer: RefusalPageSchema, handle: activity.refusals,
    summary: 'List refused requests, newest first; many of one kind in a second are one entry',
    query: { ...PAGE_PARAMETERS, client_id: 'Of this client.', kind: 'Of this kind, such as wrong_secret.', since: 'Not older than this time (ISO 8601 with a zone); 7 days by default.' } },
  { operationId: 'getActivity', method: 'GET', path: '/admin/v1/activity', scope: 'usage:read', status: 200, answer: ActivitySchema, handle: activity.activity,
    summary: 'Count tokens and refusals by the hour, or those of one client by the day',
    query: { client_id: 'Of this client, by the day (UTC).', from: 'Start (ISO 8601 with a zone); 7 days before the end by default.', to: 'End; now by default.' } },
  { operationId: 'listAudiences', method: 'GET', path: '/admin/v1/audiences', scope: 'audiences:read', status: 200, answer: AudienceListSchema, handle: installation.audiences,
    summary: 'List the APIs that tokens can be issued for' },
  { operationId: 'listAudit', method: 'GET', path: '/admin/v1/audit', scope: 'audit:read', status: 200, answer: AuditPageSchema, handle: installation.audit,
    summary: 'List the audit trail, newest first',
    query: { ...PAGE_PARAMETERS, target: 'About this client.', action: 'Such as secret.added.' } },
  { operationId: 'getAuditCheckpoint', method: 'GET', path: '/admin/v1/audit/checkpoint', scope: 'audit:read', status: 200, answer: AuditCheckpointSchema, handle: installation.auditCheckpoint,
    summary: 'Get the signed head of the whole trail; keep it where writers of the database cannot reach it' },
  { operationId: 'getServerVersion', method: 'GET', path: '/admin/v1/version', scope: 'clients:read', status: 200, answer: ServerVersionSchema, handle: installation.version,
    summary: 'Get the version of the instance that answers' },
  { operationId: 'getRetention', method: 'GET', path: '/admin/v1/retention', scope: 'audit:read', status: 200, answer: RetentionSchema, handle: installation.retention,
    summary: 'Get how long telemetry, the audit trail and refused requests are kept' },
  { operationId: 'getOrganization', method: 'GET', path: '/admin/v1/organization', scope: 'members:read', status: 200, answer: OrganizationSchema, handle: people.organization,
    summary: 'Get the organization and environment that the caller acts in' },
  { operationId: 'renameOrganization', method: 'PATCH', path: '/admin/v1/organization', scope: 'organization:write', status: 200, body: OrganizationChangeSchema, answer: OrganizationSchema, handle: people.rename,
    summary: 'Rename the organization', retry: SAME_AGAIN },
  { operationId: 'listMembers', method: 'GET', path: '/admin/v1/members', scope: 'members:read', status: 200, answer: MemberListSchema, handle: people.members,
    summary: 'List the persons in the organization, in the order in which they joined' },
  { operationId: 'changeMember', method: 'PATCH', path: '/admin/v1/members/{person_id}', scope: 'members:write', status: 200, body: MemberChangeSchema, answer: MemberSchema, handle: people.changeMember,
    summary: 'Give a member another role; only owners make or unmake owners', retry: SAME_AGAIN },
  { operationId: 'removeMember', method: 'DELETE', path: '/admin/v1/members/{person_id}', scope: 'members:read', status: 200, answer: MemberSchema, handle: people.remove,
    summary: 'Remove a member, which takes members:write, or leave; one owner stays' },
  { operationId: 'listInvitations', method: 'GET', path: '/admin/v1/invitations', scope: 'members:read', status: 200, answer: InvitationListSchema, handle: people.invitations,
    summary: 'List the invitations that can still be accepted' },
  { operationId: 'createInvitation', method: 'POST', path: '/admin/v1/invitations', scope: 'members:write', status: 201, body: NewInvitationSchema, answer: CreatedInvitationSchema, handle: people.invite,
    summary: 'Invite an address for seven days; it gets a mail, or the response has the link', retry: 'send it again: the new invitation replaces the one before' },
  { operationId: 'deleteInvitation', method: 'DELETE', path: '/admin/v1/invitations/{invitation_id}', scope: 'members:write', status: 200, answer: InvitationSchema, handle: people.revokeInvitation,
    summary: 'Revoke an invitation' },
  { operationId: 'listKeys', method: 'GET', path: '/admin/v1/keys', scope: 'keys:read', status: 200, answer: KeyListSchema, handle: people.keys,
    summary: 'List the keys that sign tokens, and their states' },
  { operationId: 'createTelemetryToken', method: 'POST', path: '/admin/v1/telemetry-tokens', scope: TELEMETRY_USES.read.needs, status: 201, answer: TelemetryTokenSchema, handle: people.telemetryToken('read'), forPersons: true,
    summary: 'Get an access token of minutes that reads telemetry; for persons only', retry: 'send it again: each token is a new one' },
  { operationId: 'createErasureToken', method: 'POST', path: '/admin/v1/erasure-tokens', scope: TELEMETRY_USES.erase.needs, status: 201, answer: TelemetryTokenSchema, handle: people.telemetryToken('erase'), forPersons: true,
    summary: 'Get an access token of minutes that erases assets; for persons only', retry: 'send it again: each token is a new one' },
]
