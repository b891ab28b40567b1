/** Clients in PostgreSQL: found, created, changed, deleted. */

import type { Postgres } from '@modulariot/platform/postgres'
import type { Client, ClientRecord } from '../../records/client.ts'
import { searchTextOf } from '../client-query.ts'
import { FEW_AUDIENCES, recordsInPlaces, recordsWithAudiences } from '../fleet-rows.ts'
import type { Audited } from '../ports/audited-change.ts'
import type { ClientStore, CreateOutcome, FleetLookup } from '../ports/clients.ts'
import { removedSecrets } from '../removed-secrets.ts'
import { clientOf, clientRecordOf, type Row } from '../rows.ts'
import { withoutNul } from '../without-nul.ts'
import { assertAuthority } from './authority.ts'
import type { Change, ChangeUnit } from './change-unit.ts'
import { searchClients } from './client-search.ts'
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
    readClients: clientReader(postgres),
    listClients: (query) => searchClients(postgres, query),
    updateClient: (client_id, update, authority) =>
      change(async (unit) => {
        await assertAuthority(unit.query, authority)
        return updateClient(unit, client_id, update)
      }),
    deleteClient: (client_id, remove, authority) =>
      change(async (unit) => {
        await assertAuthority(unit.query, authority)
        return deleteClient(unit, client_id, remove)
      }),
  }
}

const AUDIENCE = `json_build_object(
        'audience', a.audience, 'token_lifetime_seconds', a.token_lifetime_seconds,
        'signing_alg', a.signing_alg, 'token_typ', a.token_typ)`

/** In the statement of the client: one round trip, and both are of one moment. */
const AUDIENCES = `coalesce((
      SELECT json_agg(${AUDIENCE})
      FROM auth.audiences a
      WHERE a.audience IN (SELECT g ->> 'audience' FROM json_array_elements(document -> 'grants') g)
    ), '[]')::text AS audiences`

const FIND = {
  name: 'find-client',
  text: `SELECT document::text AS document, ${AUDIENCES}
    FROM auth.clients WHERE client_id = $1`,
}

/**
 * Each client by the index, however little the planner knows of the table, and another in place of
 * one that does not exist. The ids arrive behind `OFFSET 0`: of a parameter the planner knows how
 * many there are, and it would plan each statement anew, for longer than it takes to run.
 */
const FOUND = `WITH decoy AS MATERIALIZED (SELECT document FROM auth.clients WHERE client_id = $2),
  found AS (
    SELECT n.place, coalesce(c.document, d.document) AS document
    FROM (SELECT $1::text[] AS ids OFFSET 0) p
    CROSS JOIN LATERAL unnest(p.ids) WITH ORDINALITY AS n (client_id, place)
    LEFT JOIN LATERAL (
      SELECT document FROM auth.clients WHERE client_id = n.client_id LIMIT 1) c ON true
    LEFT JOIN decoy d ON true)`

/** The row without a place has all audiences; null: there are more than a few. */
export const READ = {
  name: 'read-clients',
  text: `${FOUND}
    SELECT place, document::text AS document FROM found
    UNION ALL
    SELECT NULL, (
      SELECT CASE WHEN count(*) <= ${FEW_AUDIENCES} THEN coalesce(json_agg(${AUDIENCE}), '[]') END
      FROM (SELECT * FROM auth.audiences LIMIT ${FEW_AUDIENCES + 1}) a)::text`,
}

export const READ_WITH_AUDIENCES = {
  name: 'read-clients-with-audiences',
  text: `${FOUND} SELECT place, document::text AS document, ${AUDIENCES} FROM found`,
}

async function findClient(postgres: Postgres, client_id: string): Promise<ClientRecord | null> {
  const { rows } = await postgres.query(FIND, [withoutNul(client_id)])
  return rows[0] === undefined ? null : clientRecordOf(rows[0])
}

/** `WITH ORDINALITY` counts from it. */
const FIRST_PLACE = 1

function clientReader(postgres: Postgres): FleetLookup['readClients'] {
  let few = true
  return async (client_ids, decoy) => {
    const values = [client_ids.map(withoutNul), decoy]
    if (few) {
      const { rows } = await postgres.query<Row>(READ, values)
      const records = recordsWithAudiences(client_ids, rows, FIRST_PLACE)
      if (records !== null) return records
      few = false
    }
    const { rows } = await postgres.query<Row>(READ_WITH_AUDIENCES, values)
    return recordsInPlaces(client_ids, rows, FIRST_PLACE)
  }
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
    `INSERT INTO auth.clients (client_id, org_id, environment, external_id, document, search_text)
     SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::json[], $6::text[])`,
    [
      values.map(({ client_id }) => client_id),
      values.map(({ org_id }) => org_id),
      values.map(({ environment }) => environment),
      values.map(({ external_id }) => external_id),
      values.map((value) => JSON.stringify(value)),
      values.map(searchTextOf),
    ],
  )
  await recordClients(unit, clients)
}

/**
 * Stored clients whose `external_id` one of these has too. The tenant is compared in a form that no
 * index has: each is found by its `external_id`, however little the planner knows of the table.
 */
export const BY_EXTERNAL_IDS = `SELECT c.document FROM unnest($1::text[], $2::text[], $3::text[])
    AS n (org_id, environment, external_id)
  CROSS JOIN LATERAL (
    SELECT document::text AS document FROM auth.clients
    WHERE external_id = n.external_id AND org_id || '' = n.org_id
      AND environment || '' = n.environment
    LIMIT 1) c`

async function clientsByExternalId(
  unit: ChangeUnit,
  clients: readonly Audited<Client>[],
): Promise<Map<string, Client>> {
  const named = clients.map(({ value }) => value).filter(({ external_id }) => external_id !== null)
  if (named.length === 0) return new Map()
  const { rows } = await unit.query(BY_EXTERNAL_IDS, [
    named.map(({ org_id }) => org_id),
    named.map(({ environment }) => environment),
    named.map(({ external_id }) => external_id),
  ])
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
  const before = clientOf(rows[0])
  const audited = update(before)
  const { value } = audited
  await unit.query(
    `UPDATE auth.clients SET external_id = $2, document = $3, search_text = $4, changed_by = $5
     WHERE client_id = $1`,
    [client_id, value.external_id, JSON.stringify(value), searchTextOf(value), unit.revision],
  )
  const removed = removedSecrets(before, value)
  if (removed.length > 0) {
    await unit.query('DELETE FROM auth.secret_usage WHERE secret_id = ANY ($1)', [removed])
  }
  await recordClients(unit, [audited])
  return value
}

/** Null, and no change, when there is no such client. */
async function deleteClient(
  unit: ChangeUnit,
  client_id: string,
  remove: (current: Client) => Audited<Client>,
): Promise<Client | null> {
  const { rows } = await unit.query(
    'SELECT document::text AS document FROM auth.clients WHERE client_id = $1',
    [withoutNul(client_id)],
  )
  if (rows[0] === undefined) return null
  const audited = remove(clientOf(rows[0]))
  const { value } = audited
  // In the order in which counters are written: that locks the client, then its counters.
  await unit.query('DELETE FROM auth.clients WHERE client_id = $1', [client_id])
  await unit.query('DELETE FROM auth.client_usage WHERE client_id = $1', [client_id])
  await unit.query('DELETE FROM auth.secret_usage WHERE secret_id = ANY ($1)', [
    value.secrets.map(({ secret_id }) => secret_id),
  ])
  await unit.query('DELETE FROM auth.client_addresses WHERE client_id = $1', [client_id])
  await unit.query('DELETE FROM auth.token_quotas WHERE client_id = $1', [client_id])
  await unit.query('DELETE FROM auth.assertions WHERE client_id = $1', [client_id])
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
