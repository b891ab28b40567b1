/** Converts rows of the counters to records. JSON arrives as text that we wrote. */

import type { AddressUse, ClientUsage, LivingTokens, SecretUsage } from '../records/usage.ts'
import type { UsagePage } from './ports/usage.ts'
import { clientOf, type Row } from './rows.ts'

export function clientUsageOf(row: Row): ClientUsage {
  return {
    client_id: row.client_id as string,
    tokens_issued: row.tokens_issued as number,
    tokens_early: row.tokens_early as number,
    over_quota: row.over_quota as number,
    last_issued_at: row.last_issued_at as string | null,
    living: JSON.parse(row.living as string) as LivingTokens[],
  }
}

export function secretUsageOf(row: Row): SecretUsage {
  return {
    secret_id: row.secret_id as string,
    uses: row.uses as number,
    last_used_at: row.last_used_at as string,
    address: row.address as string,
    user_agent: row.user_agent as string | null,
  }
}

export function addressUseOf(row: Row): AddressUse {
  return {
    client_id: row.client_id as string,
    address: row.address as string,
    first_seen: row.first_seen as number,
    last_seen: row.last_seen as number,
    logins: row.logins as number,
  }
}

/**
 * @param rows of the counters and the client's document, one more than `limit` if there are more.
 */
export function usagePageOf(rows: readonly Row[], limit: number): UsagePage {
  const clients = rows.slice(0, limit).map((row) => ({
    client: clientOf(row),
    usage: clientUsageOf(row),
  }))
  const last = clients.at(-1)
  return { clients, next: rows.length > limit && last ? last.client.client_id : null }
}
