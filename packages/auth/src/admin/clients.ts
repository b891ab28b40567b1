/** Use cases for clients: create, find, change, disable, delete. Every change is in the trail. */

import { setImmediate } from 'node:timers/promises'
import { changesOf } from '../audit/changes.ts'
import {
  type ClientChange,
  type ClientInput,
  newClient,
  type Registration,
  withInput,
} from '../clients/new-client.ts'
import { AdminError, invalidInput } from '../errors/admin-error.ts'
import type { Audience } from '../records/audience.ts'
import type { AuditAction } from '../records/audit-entry.ts'
import {
  type Client,
  type ClientView,
  clientViewOf,
  type ListedClient,
  type Tenant,
} from '../records/client.ts'
import type { AudienceLookup } from '../store/ports/audiences.ts'
import type { Audited } from '../store/ports/audited-change.ts'
import type {
  ClientLookup,
  ClientQuery,
  ClientStore,
  CreateOutcome,
} from '../store/ports/clients.ts'
import { cutOff, revocationsOf } from '../tokens/cut-off.ts'
import {
  type AdminContext,
  assertNoEscalation,
  assertVisible,
  auditDraft,
  auditedClient,
  noSuchClient,
} from './context.ts'
import { endWhatIsTakenAway } from './ended-tokens.ts'

/** A client to create, and its tenant. */
export type NewClientRequest = ClientInput & Tenant

/** The only place that shows a secret. */
export interface CreatedClient {
  readonly client: ClientView
  /** Null for a client that brings its own keys. */
  readonly client_secret: string | null
}

/** @throws AdminError `conflict` when the tenant has a client with this `external_id`. */
export async function createClient(
  request: NewClientRequest,
  context: AdminContext<ClientStore & AudienceLookup>,
): Promise<CreatedClient> {
  const registration = prepareClient(request, await context.store.listAudiences(), context)
  const [outcome] = await storeAll([registration], context)
  if (outcome?.created === false) {
    throw new AdminError(
      'conflict',
      `external_id ${request.external_id} already belongs to ${outcome.existing.client_id}`,
    )
  }
  const { client, client_secret } = registration
  return { client: clientViewOf(client), client_secret }
}

/**
 * The outcome of one line of a bulk request. `stopped` is always last: at that line the caller had
 * lost its authority, so neither that line nor any later one was carried out.
 */
export type BulkResult =
  | ({ readonly status: 'created' } & CreatedClient)
  | { readonly status: 'exists'; readonly client: ClientView }
  /** Of a dry run only: it would be created. */
  | { readonly status: 'valid' }
  | { readonly status: 'refused' | 'stopped'; readonly message: string }

/**
 * Creates as many as it can, in the order of the inputs; a bad input fails alone.
 *
 * @param inputs unvalidated; each should be a `ClientInput`.
 */
export async function createClients(
  inputs: Iterable<unknown>,
  tenant: Tenant,
  context: AdminContext<ClientStore & AudienceLookup>,
): Promise<BulkResult[]> {
  const prepared = await prepareAll(inputs, tenant, context)
  const good = prepared.filter((one): one is Registration => !('refused' in one))
  // An idempotency key stands for a single change; in bulk, the external_id makes a retry safe.
  const outcomes = (await storeAll(good, { ...context, idempotency: null })).values()
  return prepared.map((one): BulkResult => {
    if ('refused' in one) return { status: 'refused', message: one.refused }
    const outcome = outcomes.next().value as CreateOutcome
    if (!outcome.created) return { status: 'exists', client: clientViewOf(outcome.existing) }
    return { status: 'created', client: clientViewOf(one.client), client_secret: one.client_secret }
  })
}

/**
 * What `createClients` would answer now; nothing is created. Two inputs with the same `external_id`
 * are not noticed.
 */
export async function checkClients(
  inputs: Iterable<unknown>,
  tenant: Tenant,
  context: AdminContext<ClientStore & AudienceLookup>,
): Promise<BulkResult[]> {
  const results: BulkResult[] = []
  for (const one of await prepareAll(inputs, tenant, context)) {
    if ('refused' in one) results.push({ status: 'refused', message: one.refused })
    else {
      const existing = await findByExternalId(one.client, context)
      const isNew = existing === undefined
      results.push(isNew ? { status: 'valid' } : { status: 'exists', client: existing })
    }
  }
  return results
}

async function findByExternalId(
  { org_id, environment, external_id }: Client,
  context: AdminContext<ClientStore>,
): Promise<ClientView | undefined> {
  if (external_id === null) return undefined
  const query = { org_id, environment, external_id, after: null, limit: 1 }
  const [listed] = (await listClients(query, context)).clients
  return listed && getClient(listed.client_id, context)
}

async function prepareAll(
  inputs: Iterable<unknown>,
  tenant: Tenant,
  context: AdminContext<AudienceLookup>,
): Promise<(Registration | { readonly refused: string })[]> {
  const audiences = await context.store.listAudiences()
  // A validator takes longer to load than most commands of `miot` take, which do not need it.
  const { parseClientInput } = await import('./schemas.ts')
  const prepareOrRefuse = (input: unknown): Registration | { readonly refused: string } => {
    try {
      return prepareClient({ ...parseClientInput(input), ...tenant }, audiences, context)
    } catch (error) {
      if (error instanceof AdminError) return { refused: error.message }
      throw error
    }
  }
  const prepared: (Registration | { readonly refused: string })[] = []
  for (const input of inputs) {
    prepared.push(prepareOrRefuse(input))
    // A full line, or ten RSA keys, takes milliseconds, and a batch has many: yield to other
    // requests.
    await setImmediate()
  }
  return prepared
}

export async function getClient(
  client_id: string,
  context: AdminContext<ClientLookup>,
): Promise<ClientView> {
  return clientViewOf(assertVisible(context, client_id, await context.store.findClient(client_id)))
}

/** Only clients of the caller's tenant, whatever the query contains. */
export async function listClients(
  query: ClientQuery,
  context: AdminContext<ClientStore>,
): Promise<{ clients: ListedClient[]; next: string | null }> {
  const page = await context.store.listClients({ ...query, ...context.tenant })
  const clients = page.clients.map((client) => ({
    ...clientViewOf(client),
    last_used_at: page.lastUses.get(client.client_id) ?? null,
  }))
  return { clients, next: page.next }
}

/**
 * @param ifVersion the version the caller has seen; null: any.
 * @throws AdminError `precondition_failed` when the client has changed since.
 */
export async function updateClient(
  client_id: string,
  change: ClientChange,
  ifVersion: number | null,
  context: AdminContext<ClientStore & AudienceLookup>,
): Promise<ClientView> {
  const { grants, token_lifetime_seconds: lifetime } = change
  const needed = grants !== undefined || lifetime !== undefined
  const audiences = needed ? await context.store.listAudiences() : []
  const edit = (current: Client): Client => withChange(current, change, audiences, context.now())
  return changeClient(client_id, actionOf(change), edit, ifVersion, context, audiences)
}

/** The client with the change applied and validated. @throws AdminError naming what to change. */
export function withChange(
  current: Client,
  change: ClientChange,
  audiences: readonly Audience[],
  nowMs: number,
): Client {
  return {
    ...withInput(current, change, audiences, nowMs),
    status: change.status ?? current.status,
  }
}

/**
 * Replaces a client by the result of `edit` and increments its version. A change that takes power
 * away also ends the client's tokens.
 *
 * @param edit synchronous and pure; when it throws, nothing is changed.
 * @param audiences all that exist, where `edit` changes grants or the lifetime of tokens.
 * @throws AdminError `conflict` when the client's tokens were ended too often in a row.
 */
export async function changeClient(
  client_id: string,
  action: AuditAction,
  edit: (current: Client) => Client,
  ifVersion: number | null,
  context: AdminContext<ClientStore>,
  audiences: readonly Audience[] = [],
): Promise<ClientView> {
  const update = (found: Client): Audited<Client> => {
    const current = assertVisible(context, client_id, found)
    // Before the error below reveals the version.
    assertNoEscalation(context, current)
    if (ifVersion !== null && ifVersion !== current.version) throw changedSince(current)
    const edited = edit(current)
    assertNoEscalation(context, edited)
    const nowMs = context.now()
    const next = {
      ...endWhatIsTakenAway(current, edited, { audiences, nowMs }),
      updated_at: new Date(nowMs).toISOString(),
      version: current.version + 1,
    }
    const audited = auditedClient(context, action, clientViewOf(current), next, clientViewOf(next))
    return { ...audited, revoke: revocationsOf(current, next) }
  }
  const updated = await context.store.updateClient(client_id, update, context.authority)
  if (updated === null) throw noSuchClient(client_id)
  return clientViewOf(updated)
}

/**
 * Removes a client for good and ends its tokens. The trail keeps the client as it was, without its
 * secrets; the telemetry it reported belongs to its tenant and stays.
 *
 * @throws AdminError `not_found`, or `forbidden` for a client with scopes the caller lacks.
 */
export async function deleteClient(
  client_id: string,
  context: AdminContext<ClientStore>,
): Promise<ClientView> {
  const remove = (found: Client): Audited<Client> => {
    const current = assertVisible(context, client_id, found)
    assertNoEscalation(context, current)
    const target = { type: 'client', id: client_id } as const
    const { org_id, environment } = current
    const { after: before } = changesOf(null, clientViewOf(current))
    const what = { action: 'client.deleted', target, org_id, environment, before } as const
    return {
      value: current,
      audit: auditDraft(context, { ...what, after: null }),
      revoke: revocationsOf(current, cutOff(current, context.now())),
    }
  }
  const deleted = await context.store.deleteClient(client_id, remove, context.authority)
  if (deleted === null) throw noSuchClient(client_id)
  return clientViewOf(deleted)
}

/** The name of the change in the trail. */
export function actionOf({ status, ...rest }: ClientChange): AuditAction {
  const others = Object.values(rest).some((value) => value !== undefined)
  if (status === undefined || others) return 'client.updated'
  return status === 'disabled' ? 'client.disabled' : 'client.enabled'
}

function changedSince({ version }: Client): AdminError {
  return new AdminError('precondition_failed', `The client has changed; its version is ${version}`)
}

function prepareClient(
  request: NewClientRequest,
  audiences: readonly Audience[],
  context: AdminContext<unknown>,
): Registration {
  const deps = { digestKey: context.digestKey, now: context.now() }
  const registration = newClient(request, ownTenant(request, context), audiences, deps)
  assertNoEscalation(context, registration.client)
  return registration
}

/** An administrator of one tenant creates clients only in that tenant. */
function ownTenant({ org_id, environment }: Tenant, { tenant }: AdminContext<unknown>): Tenant {
  if (tenant === null) return { org_id, environment }
  if (org_id !== tenant.org_id || environment !== tenant.environment) {
    throw invalidInput(
      `this token can only create clients of ${tenant.org_id}, ${tenant.environment}`,
    )
  }
  return tenant
}

function storeAll(
  registrations: readonly Registration[],
  context: AdminContext<ClientStore>,
): Promise<CreateOutcome[]> {
  return context.store.createClients(
    registrations.map(({ client }) =>
      auditedClient(context, 'client.created', null, client, clientViewOf(client)),
    ),
    context.authority,
  )
}
