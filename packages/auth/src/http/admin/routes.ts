/**
 * Every METHOD and path of the admin API, with its scope. OpenAPI is generated from this table.
 */

import type { TSchema } from 'typebox'
import {
  AddedSecretSchema,
  AudienceListSchema,
  AuditCheckpointSchema,
  AuditPageSchema,
  BulkResultSchema,
  ClientChangeSchema,
  ClientPageSchema,
  ClientSchema,
  CreatedClientSchema,
  NewClientSchema,
  NewSecretSchema,
  RotationSchema,
  SecretUseListSchema,
  WastefulClientsSchema,
} from '../../admin/schemas.ts'
import type { AdminScope } from '../../admin/scopes.ts'
import type { AdminCall } from './call.ts'
import * as clients from './clients-endpoints.ts'
import * as installation from './installation-endpoints.ts'
import { PAGE_PARAMETERS } from './page.ts'

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
  /** NDJSON both ways: a line of `body`, a line of `answer`. */
  readonly ndjson?: true
  readonly handle: (call: AdminCall) => Promise<unknown>
}

// biome-ignore format: a table reads best with one line a route
export const ADMIN_ROUTES: readonly AdminRoute[] = [
  { operationId: 'listClients', method: 'GET', path: '/admin/v1/clients', scope: 'clients:read', status: 200, answer: ClientPageSchema, handle: clients.list,
    summary: 'List clients',
    query: { ...PAGE_PARAMETERS, search: 'Part of the name, the client_id or the external_id.', tag: 'With this tag.', status: 'active or disabled.', external_id: 'With this external_id.' } },
  { operationId: 'createClient', method: 'POST', path: '/admin/v1/clients', scope: 'clients:write', status: 201, body: NewClientSchema, answer: CreatedClientSchema, handle: clients.create,
    summary: 'Register a client; only this response contains its secret' },
  { operationId: 'createClients', method: 'POST', path: '/admin/v1/clients/bulk', scope: 'clients:write', status: 200, body: NewClientSchema, answer: BulkResultSchema, ndjson: true, handle: clients.createMany,
    summary: 'Register many clients, one per line; a bad line fails alone, an existing external_id is left as it is' },
  { operationId: 'getClient', method: 'GET', path: '/admin/v1/clients/{client_id}', scope: 'clients:read', status: 200, answer: ClientSchema, handle: clients.get,
    summary: 'Get a client' },
  { operationId: 'updateClient', method: 'PATCH', path: '/admin/v1/clients/{client_id}', scope: 'clients:write', status: 200, body: ClientChangeSchema, answer: ClientSchema, handle: clients.update,
    summary: 'Change only what the body names; If-Match guards against concurrent changes' },
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
  { operationId: 'listWastefulClients', method: 'GET', path: '/admin/v1/usage/wasteful', scope: 'usage:read', status: 200, answer: WastefulClientsSchema, handle: installation.wasteful,
    summary: 'List clients that request tokens long before they need them, worst first',
    query: { limit: PAGE_PARAMETERS.limit } },
  { operationId: 'listAudiences', method: 'GET', path: '/admin/v1/audiences', scope: 'audiences:read', status: 200, answer: AudienceListSchema, handle: installation.audiences,
    summary: 'List the APIs that tokens can be issued for' },
  { operationId: 'listAudit', method: 'GET', path: '/admin/v1/audit', scope: 'audit:read', status: 200, answer: AuditPageSchema, handle: installation.audit,
    summary: 'List the audit trail, newest first',
    query: { ...PAGE_PARAMETERS, target: 'About this client.', action: 'Such as secret.added.' } },
  { operationId: 'getAuditCheckpoint', method: 'GET', path: '/admin/v1/audit/checkpoint', scope: 'audit:read', status: 200, answer: AuditCheckpointSchema, handle: installation.auditCheckpoint,
    summary: 'Get the signed head of the whole trail; keep it where writers of the database cannot reach it' },
]
