/** Clients in PostgreSQL: found, searched, made, changed. */

import type { Postgres, RunQuery } from '@modulariot/platform/postgres'
import type { Client, ClientRecord } from '../../records/client.ts'
import { type ClientFilter, MAX_SCANNED, pageOf } from '../client-query.ts'
import type { Audited, Authority } from '../ports/audited-change.ts'
import type { ClientPage, ClientQuery, CreateOutcome } from '../ports/clients.ts'
import { clientOf, clientRecordOf } from '../rows.ts'
import { withoutNul } from '../without-nul.ts'
import { appendOfClients } from './audit-writes.ts'
import type { ChangeUnit } from './change-unit.ts'

/**
 * One round trip, planned once a connection: what each login that no memory can answer waits for.
 */
const FIND = {
  name: 'find-client',
  text: `SELECT document::text AS document, coalesce((
      SELECT json_agg(json_build_object(
        'audience', a.audience, 'token_lifetime_seconds', a.token_lifetime_seconds,
        'signing_alg', a.signing_alg))
      FROM auth.audiences a
      WHERE a.audience IN (SELECT g ->> 'audience' FROM json_array_elements(document -> 'grants') g)
    ), '[]')::text AS audiences
    FROM auth.clients WHERE client_id = $1`,
}

export async function findClient(
  postgres: Postgres,
  client_id: string,
): Promise<ClientRecord | null> {
  const { rows } = await postgres.query(FIND, [withoutNul(client_id)])
  return rows[0] === undefined ? null : clientRecordOf(rows[0])
}

/**
 * What is a column narrows there; what is inside the documents, here, so that both stores agree.
 */
export async function searchClients(
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
  return pageOf(rows, limit, filter)
}

function looksInside({ status, tag, search }: ClientFilter): boolean {
  return status !== undefined || tag !== undefined || search !== undefined
}

/** The actor of a change, in one statement: the client and the feed are of one moment. */
const ACTOR = {
  name: 'actor',
  text: `SELECT
      (SELECT document::text FROM auth.clients WHERE client_id = $1) AS document,
      EXISTS (SELECT 1 FROM auth.revocations
        WHERE (kind = 'token' AND subject = $2) OR (kind = 'key' AND subject = $3)) AS revoked`,
}

interface ActorRow {
  readonly document: string | null
  readonly revoked: boolean
}

/**
 * Runs in the unit whose change it guards. Other changes wait for its lock, so the actor stays as
 * it is read here until the commit.
 *
 * @throws what the authority throws.
 */
export async function assertAuthority(
  query: RunQuery,
  authority: Authority | null = null,
): Promise<void> {
  if (authority === null) return
  const { client_id, jti, kid } = authority
  const { rows } = await query<ActorRow>(ACTOR, [
    withoutNul(client_id),
    withoutNul(jti),
    withoutNul(kid),
  ])
  const { document, revoked } = rows[0] as ActorRow
  const client = document === null ? null : clientOf({ document })
  authority.assert({ client, tokenRevoked: revoked })
}

/** @throws StoreConflict when an id is taken or an organization does not exist. */
export async function createClients(
  unit: ChangeUnit,
  clients: readonly Audited<Client>[],
): Promise<CreateOutcome[]> {
  if (clients.length === 0) return []
  const taken = await clientsByExternalId(unit, clients)
  const made: Audited<Client>[] = []
  const outcomes = clients.map((client): CreateOutcome => {
    const key = tenantKey(client.value)
    const existing = key === null ? undefined : taken.get(key)
    if (existing !== undefined) return { created: false, existing }
    if (key !== null) taken.set(key, client.value)
    made.push(client)
    return { created: true }
  })
  await insertClients(unit, made)
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
  unit.changed()
  await appendOfClients(unit, clients)
  for (const { revoke } of clients) await unit.revoke(revoke)
}

/** Those whose `external_id` some of these would take. */
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

/** Null, and nothing, when there is none. */
export async function updateClient(
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
  const { value, revoke } = audited
  await unit.query(
    `UPDATE auth.clients SET external_id = $2, document = $3, changed_by = $4 WHERE client_id = $1`,
    [client_id, value.external_id, JSON.stringify(value), unit.revision],
  )
  unit.changed()
  await appendOfClients(unit, [audited])
  await unit.revoke(revoke)
  return value
}
