/**
 * The counters of clients and secrets in SQLite: added to in batches, never announced. A client or
 * secret that was deleted before its last counts are written gets no row.
 */

import { attempt } from '@modulariot/platform/storage'
import { addUsage, type ClientUsage, type OwnedSecretUsage } from '../../records/usage.ts'
import type { UsageStore } from '../ports/usage.ts'
import { clientUsageOf, secretUsageOf, usagePageOf } from '../usage-rows.ts'
import { addTokenCounts } from './activity.ts'
import { addAddresses, addressesOf } from './addresses.ts'
import type { Sqlite } from './connection.ts'

const CLIENT_COLUMNS = 'client_id, tokens_issued, tokens_early, over_quota, last_issued_at, living'
const CLIENT = `SELECT ${CLIENT_COLUMNS} FROM client_usage WHERE client_id = ?`

export function usageStore(sqlite: Sqlite): UsageStore {
  const { sql } = sqlite
  return {
    addUsage: ({ clients, secrets, addresses = [] }) =>
      sqlite.transaction(() => {
        for (const usage of clients) addToClient(sqlite, usage)
        for (const usage of secrets) addToSecret(sqlite, usage)
        addTokenCounts(sqlite, clients)
        addAddresses(sqlite, addresses)
      }),
    usageOf: (client_id) =>
      attempt(() => {
        const row = sql(CLIENT).get(client_id)
        return {
          client: row === undefined ? null : clientUsageOf(row),
          secrets: sql(SECRETS_OF).all(client_id).map(secretUsageOf),
        }
      }),
    addressesOf: (client_id) => attempt(() => addressesOf(sqlite, client_id)),
    listUsage: ({ org_id, environment, tokens_early, after, limit }) =>
      attempt(() => {
        const rows = sql(LIST).all({
          org_id: org_id ?? null,
          environment: environment ?? null,
          tokens_early,
          after: after ?? '',
          limit: limit + 1,
        })
        return usagePageOf(rows, limit)
      }),
  }
}

const SECRETS_OF = `SELECT u.secret_id, u.uses, u.last_used_at, u.address, u.user_agent
   FROM clients c, json_each(c.document, '$.secrets') s
   JOIN secret_usage u ON u.secret_id = json_extract(s.value, '$.secret_id')
   WHERE c.client_id = ?`

const LIST = `SELECT u.*, c.document FROM client_usage u JOIN clients c USING (client_id)
   WHERE u.client_id > :after
     AND u.tokens_early >= :tokens_early
     AND (:org_id IS NULL OR c.org_id = :org_id)
     AND (:environment IS NULL OR c.environment = :environment)
   ORDER BY u.client_id LIMIT :limit`

const CLIENT_EXISTS = 'SELECT 1 FROM clients WHERE client_id = ?'

function addToClient({ sql }: Sqlite, usage: ClientUsage): void {
  const row = sql(CLIENT).get(usage.client_id)
  if (row === undefined && sql(CLIENT_EXISTS).get(usage.client_id) === undefined) return
  const sum = row === undefined ? usage : addUsage(clientUsageOf(row), usage)
  const { client_id, tokens_issued, tokens_early, over_quota, last_issued_at, living } = sum
  const text = JSON.stringify(living)
  sql(`INSERT OR REPLACE INTO client_usage (${CLIENT_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)`).run(
    client_id,
    tokens_issued,
    tokens_early,
    over_quota,
    last_issued_at,
    text,
  )
}

/** The latest use wins, whichever process writes first. */
const ADD_TO_SECRET = `INSERT INTO secret_usage
     (secret_id, uses, last_used_at, address, user_agent)
   SELECT :secret_id, :uses, :last_used_at, :address, :user_agent
   WHERE EXISTS (SELECT 1 FROM secret_usage WHERE secret_id = :secret_id)
     OR EXISTS (SELECT 1 FROM clients c, json_each(c.document, '$.secrets') s
       WHERE c.client_id = :client_id AND json_extract(s.value, '$.secret_id') = :secret_id)
   ON CONFLICT (secret_id) DO UPDATE SET
     uses = uses + excluded.uses,
     address = iif(excluded.last_used_at >= last_used_at, excluded.address, address),
     user_agent = iif(excluded.last_used_at >= last_used_at, excluded.user_agent, user_agent),
     last_used_at = max(excluded.last_used_at, last_used_at)`

function addToSecret({ sql }: Sqlite, usage: OwnedSecretUsage): void {
  const { client_id, secret_id, uses, last_used_at, address, user_agent } = usage
  sql(ADD_TO_SECRET).run({ client_id, secret_id, uses, last_used_at, address, user_agent })
}
