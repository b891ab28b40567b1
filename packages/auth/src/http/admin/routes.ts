/** Every METHOD and path of the admin API, with the scope each needs. OpenAPI is made from this table. */

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

export interface AdminRoute {
  readonly operationId: string
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  /** As OpenAPI writes it. */
  readonly path: string
  readonly summary: string
  readonly scope: AdminScope
  /** Query parameters and what they are. */
  readonly query?: Readonly<Record<string, string>>
  readonly body?: TSchema
  readonly status: 200 | 201
  readonly answer: TSchema
  /** Takes and gives NDJSON: a line of `body`, a line of `answer`. */
  readonly ndjson?: true
  readonly handle: (call: AdminCall) => Promise<unknown>
}

const PAGE = {
  limit: 'How many, 1 to 500; 50 unless told.',
  cursor: 'next_cursor of the page before.',
} as const

// biome-ignore format: a table reads best with one line a route
export const ADMIN_ROUTES: readonly AdminRoute[] = [
  { operationId: 'listClients', method: 'GET', path: '/admin/v1/clients', scope: 'clients:read', status: 200, answer: ClientPageSchema, handle: clients.list,
    summary: 'Clients, all or those that match',
    query: { ...PAGE, search: 'Part of the name, the client_id or the external_id.', tag: 'With this tag.', status: 'active or disabled.', external_id: 'With this external_id.' } },
  { operationId: 'createClient', method: 'POST', path: '/admin/v1/clients', scope: 'clients:write', status: 201, body: NewClientSchema, answer: CreatedClientSchema, handle: clients.create,
    summary: 'Register a client; its secret is in this answer only' },
  { operationId: 'createClients', method: 'POST', path: '/admin/v1/clients/bulk', scope: 'clients:write', status: 200, body: NewClientSchema, answer: BulkResultSchema, ndjson: true, handle: clients.createMany,
    summary: 'Register many, a line each; a bad line fails alone, an external_id that is there is left as it is' },
  { operationId: 'getClient', method: 'GET', path: '/admin/v1/clients/{client_id}', scope: 'clients:read', status: 200, answer: ClientSchema, handle: clients.get,
    summary: 'One client' },
  { operationId: 'updateClient', method: 'PATCH', path: '/admin/v1/clients/{client_id}', scope: 'clients:write', status: 200, body: ClientChangeSchema, answer: ClientSchema, handle: clients.update,
    summary: 'Change what the body names, and nothing else; If-Match guards against changes meanwhile' },
  { operationId: 'addSecret', method: 'POST', path: '/admin/v1/clients/{client_id}/secrets', scope: 'clients:write', status: 201, body: NewSecretSchema, answer: AddedSecretSchema, handle: clients.addOneSecret,
    summary: 'One more secret; it is in this answer only' },
  { operationId: 'rotateSecrets', method: 'POST', path: '/admin/v1/clients/{client_id}/secrets/rotate', scope: 'clients:write', status: 201, body: RotationSchema, answer: AddedSecretSchema, handle: clients.rotate,
    summary: 'A new secret; the others end after the overlap' },
  { operationId: 'revokeSecret', method: 'DELETE', path: '/admin/v1/clients/{client_id}/secrets/{secret_id}', scope: 'clients:write', status: 200, answer: ClientSchema, handle: clients.revokeOneSecret,
    summary: 'End a secret now' },
  { operationId: 'revokeClientTokens', method: 'POST', path: '/admin/v1/clients/{client_id}/tokens/revoke', scope: 'clients:write', status: 200, answer: ClientSchema, handle: clients.revokeTokens,
    summary: 'End every token the client has; it may get new ones at once' },
  { operationId: 'listSecrets', method: 'GET', path: '/admin/v1/clients/{client_id}/secrets', scope: 'clients:read', status: 200, answer: SecretUseListSchema, handle: clients.secrets,
    summary: 'The secrets of a client and when each was last used; never their text' },
  { operationId: 'listWastefulClients', method: 'GET', path: '/admin/v1/usage/wasteful', scope: 'usage:read', status: 200, answer: WastefulClientsSchema, handle: installation.wasteful,
    summary: 'Clients that ask for tokens long before they need them, the worst first',
    query: { limit: PAGE.limit } },
  { operationId: 'listAudiences', method: 'GET', path: '/admin/v1/audiences', scope: 'audiences:read', status: 200, answer: AudienceListSchema, handle: installation.audiences,
    summary: 'The APIs that tokens can be for' },
  { operationId: 'listAudit', method: 'GET', path: '/admin/v1/audit', scope: 'audit:read', status: 200, answer: AuditPageSchema, handle: installation.audit,
    summary: 'Who did what, newest first',
    query: { ...PAGE, target: 'About this client.', action: 'Such as secret.added.' } },
  { operationId: 'getAuditCheckpoint', method: 'GET', path: '/admin/v1/audit/checkpoint', scope: 'audit:read', status: 200, answer: AuditCheckpointSchema, handle: installation.auditCheckpoint,
    summary: 'The head of the whole trail, signed; keep it where the database cannot be changed from' },
]
