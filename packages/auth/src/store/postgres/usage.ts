/** The counters of clients and secrets in PostgreSQL: added to in batches, never announced. */

import type { Postgres, RunQuery } from '@modulariot/platform/postgres'
import {
  addSecretUsage,
  addUsage,
  type ClientUsage,
  type SecretUsage,
} from '../../records/usage.ts'
import type { UsagePage, UsageQuery, UsageStore } from '../ports/usage.ts'
import type { Row } from '../rows.ts'
import { clientUsageOf, secretUsageOf, usagePageOf } from '../usage-rows.ts'
import { withoutNul } from '../without-nul.ts'

const CLIENT_COLUMNS =
  'u.client_id, tokens_issued, tokens_early, over_quota, last_issued_at, living::text AS living'

export function usageStore(postgres: Postgres): UsageStore {
  return {
    addUsage: async ({ clients, secrets }) => {
      if (clients.length === 0 && secrets.length === 0) return
      // All instances lock the rows in the same order, so that no two wait for each other.
      const byClient = sumsInOrder(clients, ({ client_id }) => client_id, addUsage)
      const bySecret = sumsInOrder(secrets, ({ secret_id }) => secret_id, addSecretUsage)
      await postgres.transaction(async (query) => {
        await addToClients(query, byClient)
        await addToSecrets(query, bySecret)
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
    listUsage: (query) => listUsage(postgres, query),
  }
}

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

/** Locks the rows before it reads them, so that two instances do not write the same sum. */
async function addToClients(query: RunQuery, clients: readonly ClientUsage[]): Promise<void> {
  if (clients.length === 0) return
  const ids = clients.map(({ client_id }) => client_id)
  await query(
    `INSERT INTO auth.client_usage
       (client_id, tokens_issued, tokens_early, over_quota, last_issued_at, living)
     SELECT id, 0, 0, 0, NULL, '[]' FROM unnest($1::text[]) AS id ON CONFLICT DO NOTHING`,
    [ids],
  )
  const { rows } = await query<Row>(
    `SELECT ${CLIENT_COLUMNS} FROM auth.client_usage u
     WHERE client_id = ANY ($1) ORDER BY client_id FOR UPDATE`,
    [ids],
  )
  const before = new Map(rows.map((row) => [row.client_id, clientUsageOf(row)]))
  const sums = clients.map((usage) => addUsage(before.get(usage.client_id) as ClientUsage, usage))
  await query(
    `UPDATE auth.client_usage u SET tokens_issued = n.tokens_issued, tokens_early = n.tokens_early,
       over_quota = n.over_quota, last_issued_at = n.last_issued_at, living = n.living
     FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[], $5::text[], $6::json[])
       AS n (client_id, tokens_issued, tokens_early, over_quota, last_issued_at, living)
     WHERE u.client_id = n.client_id`,
    [
      ids,
      sums.map(({ tokens_issued }) => tokens_issued),
      sums.map(({ tokens_early }) => tokens_early),
      sums.map(({ over_quota }) => over_quota),
      sums.map(({ last_issued_at }) => last_issued_at),
      sums.map(({ living }) => JSON.stringify(living)),
    ],
  )
}

/** The latest use wins, whichever instance writes first. */
async function addToSecrets(query: RunQuery, secrets: readonly SecretUsage[]): Promise<void> {
  if (secrets.length === 0) return
  await query(
    `INSERT INTO auth.secret_usage AS u (secret_id, uses, last_used_at, address, user_agent)
     SELECT * FROM unnest($1::text[], $2::bigint[], $3::text[], $4::text[], $5::text[])
     ON CONFLICT (secret_id) DO UPDATE SET
       uses = u.uses + excluded.uses,
       address = CASE WHEN excluded.last_used_at >= u.last_used_at
         THEN excluded.address ELSE u.address END,
       user_agent = CASE WHEN excluded.last_used_at >= u.last_used_at
         THEN excluded.user_agent ELSE u.user_agent END,
       last_used_at = greatest(excluded.last_used_at, u.last_used_at)`,
    [
      secrets.map(({ secret_id }) => secret_id),
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
