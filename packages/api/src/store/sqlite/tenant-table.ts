/** Looks up the numbers of tenants, and counts their observations. */

import type { DatabaseSync } from 'node:sqlite'
import type { Tenant } from '../store.ts'

export interface TenantCounter {
  readonly tenant: number
  last_seq: number
}

export interface TenantTable {
  /** Creates the tenant if needed. The result is valid until the COMMIT of the transaction. */
  load(tenant: Tenant): TenantCounter
  save(counter: TenantCounter): void
}

export function createTenantTable(database: DatabaseSync): TenantTable {
  const find = database.prepare(
    'SELECT tenant, last_seq FROM tenants WHERE org_id = ? AND environment = ?',
  )
  const create = database.prepare(
    'INSERT INTO tenants (org_id, environment, last_seq) VALUES (?, ?, 0) RETURNING tenant, last_seq',
  )
  const count = database.prepare('UPDATE tenants SET last_seq = ? WHERE tenant = ?')
  return {
    load({ org_id, environment }) {
      const row = find.get(org_id, environment) ?? create.get(org_id, environment)
      return row as unknown as TenantCounter
    },
    save: ({ tenant, last_seq }) => void count.run(last_seq, tenant),
  }
}
