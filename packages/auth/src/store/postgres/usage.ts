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
import { clientOf, type Row } from '../rows.ts'
import { clientUsageOf, secretUsageOf, usagePageOf } from '../usage-rows.ts'
import { withoutNul } from '../without-nul.ts'
import { addTokenCounts } from './activity.ts'
import { addAddresses, addressesOf } from './addresses.ts'

const CLIENT_COLUMNS =
  'u.client_id, tokens_issued, tokens_early, over_quota, last_issued_at, living::text AS living'

export function usageStore(postgres: Postgres): UsageStore {
  return {
    addUsage: async ({ clients, secrets, addresses = [] }) => {
      if (clients.length + secrets.length + addresses.length === 0) return
      // All instances lock the rows in the same order, so that no two wait for each other.
      const byClient = sumsInOrder(clients, ({ client_id }) => client_id, addUsage)
      const bySecret = sumsInOrder(secrets, ({ secret_id }) => secret_id, addSecretUsage)
      const byAddress = sumsInOrder(addresses, addressKey, addAddressUse)
      await postgres.transaction(async (query) => {
        await query(BY_INDEX)
        const owners = await lockNewOwners(query, byClient, bySecret, byAddress)
        await addToClients(query, byClient, owners)
        await addToSecrets(query, bySecret, owners)
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

export const NEW_OWNERS = `SELECT document::text AS document FROM auth.clients WHERE client_id IN (
     SELECT id FROM unnest($1::text[]) AS id
     WHERE NOT EXISTS (SELECT 1 FROM auth.client_usage u WHERE u.client_id = id)
     UNION
     SELECT n.client_id FROM unnest($2::text[], $3::text[]) AS n (client_id, secret_id)
     WHERE NOT EXISTS (SELECT 1 FROM auth.secret_usage u WHERE u.secret_id = n.secret_id)
     UNION
     SELECT n.client_id FROM unnest($4::text[], $5::text[]) AS n (client_id, address)
     WHERE NOT EXISTS (SELECT 1 FROM auth.client_addresses u
       WHERE u.client_id = n.client_id AND u.address = n.address))
   ORDER BY client_id FOR SHARE`

/** Clients whose counters get a first row, each with the ids of its secrets. */
type NewOwners = ReadonlyMap<string, ReadonlySet<string>>

/** Locks them, so that a deletion waits, and then also removes the new rows. */
async function lockNewOwners(
  query: RunQuery,
  clients: readonly ClientUsage[],
  secrets: readonly OwnedSecretUsage[],
  addresses: readonly AddressUse[],
): Promise<NewOwners> {
  const { rows } = await query<Row>(NEW_OWNERS, [
    clients.map(({ client_id }) => client_id),
    secrets.map(({ client_id }) => client_id),
    secrets.map(({ secret_id }) => secret_id),
    addresses.map(({ client_id }) => client_id),
    addresses.map(({ address }) => address),
  ])
  return new Map(
    rows.map(clientOf).map((client) => {
      return [client.client_id, new Set(client.secrets.map(({ secret_id }) => secret_id))]
    }),
  )
}

/** Locks the rows before it reads them, so that two instances do not write the same sum. */
async function addToClients(
  query: RunQuery,
  all: readonly ClientUsage[],
  owners: NewOwners,
): Promise<void> {
  if (all.length === 0) return
  const created = all.map(({ client_id }) => client_id).filter((id) => owners.has(id))
  if (created.length > 0) {
    await query(
      `INSERT INTO auth.client_usage
         (client_id, tokens_issued, tokens_early, over_quota, last_issued_at, living)
       SELECT id, 0, 0, 0, NULL, '[]' FROM unnest($1::text[]) AS id ON CONFLICT DO NOTHING`,
      [created],
    )
  }
  const { rows } = await query<Row>(
    `SELECT ${CLIENT_COLUMNS} FROM auth.client_usage u
     WHERE client_id = ANY ($1) ORDER BY client_id FOR UPDATE`,
    [all.map(({ client_id }) => client_id)],
  )
  const before = new Map(rows.map((row) => [row.client_id, clientUsageOf(row)]))
  const clients = all.filter(({ client_id }) => before.has(client_id))
  const sums = clients.map((usage) => addUsage(before.get(usage.client_id) as ClientUsage, usage))
  await query(
    `UPDATE auth.client_usage u SET tokens_issued = n.tokens_issued, tokens_early = n.tokens_early,
       over_quota = n.over_quota, last_issued_at = n.last_issued_at, living = n.living
     FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[], $5::text[], $6::json[])
       AS n (client_id, tokens_issued, tokens_early, over_quota, last_issued_at, living)
     WHERE u.client_id = n.client_id`,
    [
      clients.map(({ client_id }) => client_id),
      sums.map(({ tokens_issued }) => tokens_issued),
      sums.map(({ tokens_early }) => tokens_early),
      sums.map(({ over_quota }) => over_quota),
      sums.map(({ last_issued_at }) => last_issued_at),
      sums.map(({ living }) => JSON.stringify(living)),
    ],
  )
}

/** The latest use wins, whichever instance writes first. */
async function addToSecrets(
  query: RunQuery,
  secrets: readonly OwnedSecretUsage[],
  owners: NewOwners,
): Promise<void> {
  if (secrets.length === 0) return
  const ids = secrets.map(({ secret_id }) => secret_id)
  const created = secrets.filter((one) => owners.get(one.client_id)?.has(one.secret_id))
  if (created.length > 0) {
    await query(
      `INSERT INTO auth.secret_usage (secret_id, uses, last_used_at, address, user_agent)
       SELECT id, 0, '', '', NULL FROM unnest($1::text[]) AS id ON CONFLICT DO NOTHING`,
      [created.map(({ secret_id }) => secret_id)],
    )
  }
  await query(
    'SELECT 1 FROM auth.secret_usage WHERE secret_id = ANY ($1) ORDER BY secret_id FOR UPDATE',
    [ids],
  )
  await query(
    `UPDATE auth.secret_usage u SET
       uses = u.uses + n.uses,
       address = CASE WHEN n.last_used_at >= u.last_used_at THEN n.address ELSE u.address END,
       user_agent = CASE WHEN n.last_used_at >= u.last_used_at
         THEN n.user_agent ELSE u.user_agent END,
       last_used_at = greatest(n.last_used_at, u.last_used_at)
     FROM unnest($1::text[], $2::bigint[], $3::text[], $4::text[], $5::text[])
       AS n (secret_id, uses, last_used_at, address, user_agent)
     WHERE u.secret_id = n.secret_id`,
    [
      ids,
      secrets.map(({ uses }) => uses),
      secrets.map(({ last_used_at }) => last_used_at),
      secrets.map(({ address }) => address),
      secrets.map(({ user_agent }) => user_agent),
    ],
  )
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
