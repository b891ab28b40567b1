/** The authority of a change, checked in the transaction of the change. */

import type { Authority } from '../ports/audited-change.ts'
import { clientOf } from '../rows.ts'
import type { Sqlite } from './connection.ts'
import { findPersonState } from './person-state.ts'

const CLIENT = `SELECT
    (SELECT document FROM clients WHERE client_id = ?) AS document,
    EXISTS (SELECT 1 FROM revocations
      WHERE (kind = 'token' AND subject = ?) OR (kind = 'key' AND subject = ?)) AS revoked`

interface ClientRow {
  readonly document: string | null
  readonly revoked: 0 | 1
}

/** @throws what the authority throws. */
export function assertAuthority(sqlite: Sqlite, authority: Authority | null = null): void {
  if (authority === null) return
  if (authority.kind === 'person') {
    authority.assert(findPersonState(sqlite, authority))
    return
  }
  const { client_id, jti, kid } = authority
  const row = sqlite.sql(CLIENT).get(client_id, jti, kid) as unknown as ClientRow
  const client = row.document === null ? null : clientOf({ document: row.document })
  authority.assert({ client, tokenRevoked: row.revoked === 1 })
}
