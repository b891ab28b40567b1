/** Clients in PostgreSQL: found, searched, created, changed. */

import type { Postgres } from '@modulariot/platform/postgres'
import type { Client, ClientRecord } from '../../records/client.ts'
import { type ClientFilter, clientPageOf, MAX_SCANNED } from '../client-query.ts'
import type { Audited } from '../ports/audited-change.ts'
import type { ClientPage, ClientQuery, ClientStore, CreateOutcome } from '../ports/clients.ts'
import { clientOf, clientRecordOf } from '../rows.ts'
import { withoutNul } from '../without-nul.ts'
import { assertAuthority } from './authority.ts'
import type { Change, ChangeUnit } from './change-unit.ts'
import { keepAnswers } from './idempotency.ts'

/** A bulk registration may bring thousands at once. */
const CREATE_CLIENTS_TIMEOUT_MS = 15_000

export function clientStore(postgres: Postgres, change: Change): ClientStore {
  return {
    createClients: (clients, authority) =>
      change(
        async (unit) => {
          await assertAuthority(unit.query, authority)
          return createClients(unit, clients)
        },
        { timeoutMs: CREATE_CLIENTS_TIMEOUT_MS },
      ),
    findClient: (client_id) => findClient(postgres, client_id),
    listClients: (query) => searchClients(postgres, query),
    updateClient: (client_id, update, authority) =>
      change(async (unit) => {
        await assertAuthority(unit.query, authority)
        return updateClient(unit, client_id, update)
      }),
  }
}

/** One round trip, planned once a connection: each login that misses the cache waits for it. */
const FIND = {
  name: 'find-client',
  text: `SELECT document::text AS document, coalesce((
      SELECT json_agg(json_build_object(
        'audience', a.audience, 'token_lifetime_seconds', a.token_lifetime_seconds,
        'signing_alg', a.signing_alg, 'token_typ', a.token_typ))
      FROM auth.audiences a
      WHERE a.audience IN (SELECT g ->> 'audience' FROM json_array_elements(document -> 'grants') g)
    ), '[]')::text AS audiences
    FROM auth.clients WHERE client_id = $1`,
}

async function findClient(postgres: Postgres, client_id: string): Promise<ClientRecord | null> {
  const { rows } = await postgres.query(FIND, [withoutNul(client_id)])
  return rows[0] === undefined ? null : clientRecordOf(rows[0])
}

/**
 * Columns narrow in the database; filters on the documents run here, so that both adapters agree.
 */
async function searchClients(
  postgres: Postgres,
  { after, limit, ...filter }: ClientQuery,
): Promise<ClientPage> {
  const { rows } = await postgres.query(
    `SELECT document::text AS document FROM auth.clients
     WHERE client_id > $1
       AND ($2::text IS NULL OR org_id = $2)
       AND ($3::text IS NULL OR environment = $3)
       AND ($4::text IS NULL OR external_id = $4)
     ORDER BY client_id LIMIT $5`,
    [
      withoutNul(after ?? ''),
      withoutNul(filter.org_id ?? null),
      withoutNul(filter.environment ?? null),
      withoutNul(filter.external_id ?? null),
      (looksInside(filter) ? MAX_SCANNED : Math.min(limit, MAX_SCANNED)) + 1,
    ],
  )
  return clientPageOf(rows, limit, filter)
}

function looksInside({ status, tag, search }: ClientFilter): boolean {
  return status !== undefined || tag !== undefined || search !== undefined
}

/** @throws StoreConflict when an id is taken or an organization does not exist. */
export async function createClients(
  unit: ChangeUnit,
  clients: readonly Audited<Client>[],
): Promise<CreateOutcome[]> {
  if (clients.length === 0) return []
  const taken = await clientsByExternalId(unit, clients)
  const created: Audited<Client>[] = []
  const outcomes = clients.map((client): CreateOutcome => {
    const key = tenantKey(client.value)
    const existing = key === null ? undefined : taken.get(key)
    if (existing !== undefined) return { created: false, existing }
    if (key !== null) taken.set(key, client.value)
    created.push(client)
    return { created: true }
  })
  await insertClients(unit, created)
  return outcomes
}

async function insertClients(unit: ChangeUnit, clients: readonly Audited<Client>[]): Promise<void> {
  if (clients.length === 0) return
  const values = clients.map(({ value }) => value)
  await unit.query(
    `INSERT INTO auth.clients (client_id, org_id, environment, external_id, document)
     SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::json[])`,
    [
      values.map(({ client_id }) => client_id),
      values.map(({ org_id }) => org_id),
      values.map(({ environment }) => environment),
      values.map(({ external_id }) => external_id),
      values.map((value) => JSON.stringify(value)),
    ],
  )
  await recordClients(unit, clients)
}

/** Stored clients whose `external_id` one of these has too. */
async function clientsByExternalId(
  unit: ChangeUnit,
  clients: readonly Audited<Client>[],
): Promise<Map<string, Client>> {
  const named = clients.map(({ value }) => value).filter(({ external_id }) => external_id !== null)
  if (named.length === 0) return new Map()
  const { rows } = await unit.query(
    `SELECT document::text AS document FROM auth.clients
     WHERE (org_id, environment, external_id) IN
       (SELECT * FROM unnest($1::text[], $2::text[], $3::text[]))`,
    [
      named.map(({ org_id }) => org_id),
      named.map(({ environment }) => environment),
      named.map(({ external_id }) => external_id),
    ],
  )
  const found = rows.map(clientOf)
  return new Map(found.map((client) => [tenantKey(client) as string, client]))
}

function tenantKey({ org_id, environment, external_id }: Client): string | null {
  return external_id === null ? null : JSON.stringify([org_id, environment, external_id])
}

/** Null, and no change, when there is no such client. */
async function updateClient(
  unit: ChangeUnit,
  client_id: string,
  update: (current: Client) => Audited<Client>,
): Promise<Client | null> {
  const { rows } = await unit.query(
    'SELECT document::text AS document FROM auth.clients WHERE client_id = $1',
    [withoutNul(client_id)],
  )
  if (rows[0] === undefined) return null
  const audited = update(clientOf(rows[0]))
  const { value } = audited
  await unit.query(
    `UPDATE auth.clients SET external_id = $2, document = $3, changed_by = $4 WHERE client_id = $1`,
    [client_id, value.external_id, JSON.stringify(value), unit.revision],
  )
  await recordClients(unit, [audited])
  return value
}

/** What every change to clients writes beside their rows. */
async function recordClients(unit: ChangeUnit, clients: readonly Audited<Client>[]): Promise<void> {
  unit.changed()
  await unit.audit(clients.map(({ audit }) => audit))
  await keepAnswers(unit, clients)
  for (const { revoke } of clients) await unit.revoke(revoke)
}
