/**
 * The counters of clients and secrets in PostgreSQL: added to in batches, never announced. A client
 * or secret that was deleted before its last counts are written gets no row.
 */

import type { Postgres, RunQuery } from '@modulariot/platform/postgres'
import {
  type AddressUse,
  addAddressUse,
  addSecretUsage,
  addUsage,
  type ClientUsage,
  type OwnedSecretUsage,
} from '../../records/usage.ts'
import type { UsagePage, UsageQuery, UsageStore } from '../ports/usage.ts'
import type { Row } from '../rows.ts'
import { clientUsageOf, secretUsageOf, usagePageOf } from '../usage-rows.ts'
import { withoutNul } from '../without-nul.ts'
import { addTokenCounts } from './activity.ts'
import { addAddresses, addressesOf } from './addresses.ts'
import { addToOwnedRows, lockOwners, type OwnedRows, type Owners } from './owned-rows.ts'

const CLIENT_COLUMNS =
  'u.client_id, tokens_issued, tokens_early, over_quota, last_issued_at, living::text AS living'

export function usageStore(postgres: Postgres): UsageStore {
  return {
    addUsage: async ({ clients, secrets, addresses = [] }) => {
      if (clients.length + secrets.length + addresses.length === 0) return
      // All instances lock the rows in the same order, so that two seldom wait for each other; then
      // one of them is rolled back, and runs again.
      const byClient = sumsInOrder(clients, clientId, addUsage)
      const bySecret = sumsInOrder(secrets, ({ secret_id }) => secret_id, addSecretUsage)
      const byAddress = sumsInOrder(addresses, addressKey, addAddressUse)
      await postgres.transaction(async (query) => {
        await query(BY_INDEX)
        const stored = await storedUsage(query, byClient)
        const created = byClient.map(clientId).filter((client_id) => !stored.has(client_id))
        const owners = await lockOwners(query, created)
        await addToClients(query, byClient, stored, owners)
        await addToOwnedRows(query, SECRET_ROWS, bySecret, owners)
        await addTokenCounts(query, byClient)
        await addAddresses(query, byAddress, owners)
      })
    },
    usageOf: (client_id) =>
      postgres.transaction(
        async (query) => {
          const client = await query(
            `SELECT ${CLIENT_COLUMNS} FROM auth.client_usage u WHERE client_id = $1`,
            [withoutNul(client_id)],
          )
          const secrets = await query(SECRETS_OF, [withoutNul(client_id)])
          return {
            client: client.rows[0] === undefined ? null : clientUsageOf(client.rows[0]),
            secrets: secrets.rows.map(secretUsageOf),
          }
        },
        { mode: 'snapshot' },
      ),
    addressesOf: (client_id) => addressesOf(postgres, client_id),
    listUsage: (query) => listUsage(postgres, query),
  }
}

/**
 * A batch is a few of many rows. The planner would rather read whole tables of a fleet, once for
 * each statement, than a thousand rows by their keys.
 */
export const BY_INDEX = `SET LOCAL enable_seqscan = off; SET LOCAL enable_hashjoin = off;
  SET LOCAL enable_mergejoin = off`

const SECRETS_OF = `
  SELECT u.secret_id, u.uses, u.last_used_at, u.address, u.user_agent
  FROM auth.clients c, json_array_elements(c.document -> 'secrets') s
  JOIN auth.secret_usage u ON u.secret_id = s ->> 'secret_id'
  WHERE c.client_id = $1`

/** Sorted by id, with a single sum for each id. */
function sumsInOrder<Item>(
  items: readonly Item[],
  idOf: (item: Item) => string,
  add: (one: Item, other: Item) => Item,
): Item[] {
  const sums = new Map<string, Item>()
  for (const item of items) {
    const sum = sums.get(idOf(item))
    sums.set(idOf(item), sum === undefined ? item : add(sum, item))
  }
  return [...sums.values()].sort((a, b) => (idOf(a) < idOf(b) ? -1 : 1))
}

/** No `client_id` has the separator. */
const addressKey = ({ client_id, address }: AddressUse): string => `${client_id} ${address}`

/** By `client_id`. Not locked: see `addToClients`. */
type StoredUsage = ReadonlyMap<string, ClientUsage>

const STORED = `SELECT ${CLIENT_COLUMNS} FROM auth.client_usage u WHERE client_id = ANY ($1)`

async function storedUsage(
  query: RunQuery,
  clients: readonly ClientUsage[],
  lock: '' | 'ORDER BY client_id FOR UPDATE' = '',
): Promise<StoredUsage> {
  if (clients.length === 0) return new Map()
  const { rows } = await query<Row>(`${STORED} ${lock}`, [clients.map(clientId)])
  return new Map(rows.map(clientUsageOf).map((usage) => [usage.client_id, usage]))
}

const clientId = ({ client_id }: { readonly client_id: string }): string => client_id

/**
 * A sum is only written over the counters that it was made of. What another instance has changed
 * since then is read again, locked.
 */
async function addToClients(
  query: RunQuery,
  all: readonly ClientUsage[],
  stored: StoredUsage,
  owners: Owners,
): Promise<void> {
  const created = all.filter((one) => !stored.has(one.client_id) && owners.has(one.client_id))
  const changed = all.filter((one) => stored.has(one.client_id))
  const written = new Set([
    ...(await insertClients(query, created)),
    ...(await updateClients(query, changed, stored)),
  ])
  const missed = [...created, ...changed].filter((one) => !written.has(one.client_id))
  if (missed.length === 0) return
  const locked = await storedUsage(query, missed.sort(byId), 'ORDER BY client_id FOR UPDATE')
  // A client that is gone has none.
  const left = missed.filter((one) => locked.has(one.client_id))
  await updateClients(query, left, locked)
}

const byId = (one: ClientUsage, other: ClientUsage): number =>
  one.client_id < other.client_id ? -1 : 1

const COUNTERS = 'tokens_issued, tokens_early, over_quota, last_issued_at, living'

/** Returns the ids of those that another instance has not written first. */
async function insertClients(query: RunQuery, all: readonly ClientUsage[]): Promise<string[]> {
  if (all.length === 0) return []
  const { rows } = await query<{ client_id: string }>(
    `INSERT INTO auth.client_usage (client_id, ${COUNTERS})
     SELECT * FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[], $5::text[],
       $6::json[])
     ON CONFLICT DO NOTHING RETURNING client_id`,
    columnsOf(all),
  )
  return rows.map(clientId)
}

export const UPDATE_CLIENTS = `UPDATE auth.client_usage u SET
    tokens_issued = n.tokens_issued, tokens_early = n.tokens_early,
    over_quota = n.over_quota, last_issued_at = n.last_issued_at, living = n.living
  FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[], $5::text[], $6::json[],
      $7::bigint[], $8::bigint[])
    AS n (client_id, ${COUNTERS}, issued_before, over_quota_before)
  WHERE u.client_id = n.client_id
    AND u.tokens_issued = n.issued_before AND u.over_quota = n.over_quota_before
  RETURNING u.client_id`

/** Returns the ids of those whose counters were still as in `stored`. */
async function updateClients(
  query: RunQuery,
  all: readonly ClientUsage[],
  stored: StoredUsage,
): Promise<string[]> {
  if (all.length === 0) return []
  const before = all.map(({ client_id }) => stored.get(client_id) as ClientUsage)
  const sums = all.map((usage, index) => addUsage(before[index] as ClientUsage, usage))
  const { rows } = await query<{ client_id: string }>(UPDATE_CLIENTS, [
    ...columnsOf(sums),
    before.map(({ tokens_issued }) => tokens_issued),
    before.map(({ over_quota }) => over_quota),
  ])
  return rows.map(clientId)
}

const columnsOf = (all: readonly ClientUsage[]): unknown[][] => [
  all.map(clientId),
  all.map(({ tokens_issued }) => tokens_issued),
  all.map(({ tokens_early }) => tokens_early),
  all.map(({ over_quota }) => over_quota),
  all.map(({ last_issued_at }) => last_issued_at),
  all.map(({ living }) => JSON.stringify(living)),
]

const USES = `unnest($1::text[], $2::bigint[], $3::text[], $4::text[], $5::text[])
  WITH ORDINALITY AS n (secret_id, uses, last_used_at, address, user_agent, place)`

/** The latest use wins, in whatever order instances write. */
const addUses = (n: 'n' | 'excluded'): string => `
  uses = u.uses + ${n}.uses,
  address = CASE WHEN ${n}.last_used_at >= u.last_used_at THEN ${n}.address ELSE u.address END,
  user_agent = CASE WHEN ${n}.last_used_at >= u.last_used_at
    THEN ${n}.user_agent ELSE u.user_agent END,
  last_used_at = greatest(${n}.last_used_at, u.last_used_at)`

/** A secret that its client no longer has gets no row. */
export const SECRET_ROWS: OwnedRows<OwnedSecretUsage> = {
  columnsOf: (secrets) => [
    secrets.map(({ secret_id }) => secret_id),
    secrets.map(({ uses }) => uses),
    secrets.map(({ last_used_at }) => last_used_at),
    secrets.map(({ address }) => address),
    secrets.map(({ user_agent }) => user_agent),
  ],
  update: `UPDATE auth.secret_usage u SET ${addUses('n')}
    FROM ${USES} WHERE u.secret_id = n.secret_id RETURNING n.place`,
  insert: `INSERT INTO auth.secret_usage AS u (secret_id, uses, last_used_at, address, user_agent)
    SELECT secret_id, uses, last_used_at, address, user_agent FROM ${USES}
    ON CONFLICT (secret_id) DO UPDATE SET ${addUses('excluded')}`,
  mayHaveRow: ({ secret_id }, secret_ids) => secret_ids.has(secret_id),
}

async function listUsage(postgres: Postgres, query: UsageQuery): Promise<UsagePage> {
  const { org_id, environment, tokens_early, after, limit } = query
  const { rows } = await postgres.query(
    `SELECT ${CLIENT_COLUMNS}, c.document::text AS document
     FROM auth.client_usage u JOIN auth.clients c USING (client_id)
     WHERE u.client_id > $1
       AND u.tokens_early >= $2
       AND ($3::text IS NULL OR c.org_id = $3)
       AND ($4::text IS NULL OR c.environment = $4)
     ORDER BY u.client_id LIMIT $5`,
    [withoutNul(after ?? ''), tokens_early, org_id ?? null, environment ?? null, limit + 1],
  )
  return usagePageOf(rows, limit)
}
