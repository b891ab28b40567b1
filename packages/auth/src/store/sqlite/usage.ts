/** The counters of clients and secrets: added to in batches, never announced as a change. */

import type { DatabaseSync } from 'node:sqlite'
import { attempt } from '@modulariot/platform/storage'
import { addUsage, type ClientUsage } from '../../records/usage.ts'
import type { UsageStore } from '../ports/usage.ts'
import { clientOf } from '../rows.ts'
import { clientUsageOf, secretUsageOf } from '../usage-rows.ts'

/** @param write runs its work in a transaction that no listener is told of. */
export function usageTables(
  database: DatabaseSync,
  write: (work: () => void) => Promise<void>,
): UsageStore {
  const sql = prepareStatements(database)

  function addToClient(usage: ClientUsage): void {
    const row = sql.client.get(usage.client_id)
    const all = row === undefined ? usage : addUsage(clientUsageOf(row), usage)
    const { client_id, tokens_issued, tokens_early, over_quota, last_issued_at, living } = all
    const text = JSON.stringify(living)
    sql.setClient.run(client_id, tokens_issued, tokens_early, over_quota, last_issued_at, text)
  }
  return {
    addUsage: ({ clients, secrets }) =>
      write(() => {
        for (const usage of clients) addToClient(usage)
        for (const { secret_id, uses, last_used_at, address, user_agent } of secrets) {
          sql.addToSecret.run(secret_id, uses, last_used_at, address, user_agent)
        }
      }),
    usageOf: (client_id) =>
      attempt(() => {
        const row = sql.client.get(client_id)
        return {
          client: row === undefined ? null : clientUsageOf(row),
          secrets: sql.secretsOf.all(client_id).map(secretUsageOf),
        }
      }),
    listUsage: ({ org_id, environment, tokens_early, after, limit }) =>
      attempt(() => {
        const found = sql.list.all({
          org_id: org_id ?? null,
          environment: environment ?? null,
          tokens_early,
          after: after ?? '',
          limit: limit + 1,
        })
        const clients = found.slice(0, limit).map((row) => ({
          client: clientOf(row),
          usage: clientUsageOf(row),
        }))
        const last = clients.at(-1)
        return { clients, next: found.length > limit && last ? last.client.client_id : null }
      }),
  }
}

function prepareStatements(database: DatabaseSync) {
  const columns = 'client_id, tokens_issued, tokens_early, over_quota, last_issued_at, living'
  return {
    client: database.prepare(`SELECT ${columns} FROM client_usage WHERE client_id = ?`),
    setClient: database.prepare(
      `INSERT OR REPLACE INTO client_usage (${columns}) VALUES (?, ?, ?, ?, ?, ?)`,
    ),
    // Whichever process saw it last, in whatever order they write.
    addToSecret: database.prepare(
      `INSERT INTO secret_usage (secret_id, uses, last_used_at, address, user_agent)
       VALUES (?, ?, ?, ?, ?)
       ON CONFLICT (secret_id) DO UPDATE SET
         uses = uses + excluded.uses,
         address = iif(excluded.last_used_at >= last_used_at, excluded.address, address),
         user_agent = iif(excluded.last_used_at >= last_used_at, excluded.user_agent, user_agent),
         last_used_at = max(excluded.last_used_at, last_used_at)`,
    ),
    secretsOf: database.prepare(
      `SELECT u.secret_id, u.uses, u.last_used_at, u.address, u.user_agent
       FROM clients c, json_each(c.document, '$.secrets') s
       JOIN secret_usage u ON u.secret_id = json_extract(s.value, '$.secret_id')
       WHERE c.client_id = ?`,
    ),
    list: database.prepare(
      `SELECT u.*, c.document FROM client_usage u JOIN clients c USING (client_id)
       WHERE u.client_id > :after
         AND u.tokens_early >= :tokens_early
         AND (:org_id IS NULL OR c.org_id = :org_id)
         AND (:environment IS NULL OR c.environment = :environment)
       ORDER BY u.client_id LIMIT :limit`,
    ),
  }
}
