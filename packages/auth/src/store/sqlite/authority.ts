/** The authority of a change, checked in the transaction of the change. */

import type { Authority } from '../ports/audited-change.ts'
import { clientOf } from '../rows.ts'
import type { Sqlite } from './connection.ts'

const ACTOR = `SELECT
    (SELECT document FROM clients WHERE client_id = ?) AS document,
    EXISTS (SELECT 1 FROM revocations
      WHERE (kind = 'token' AND subject = ?) OR (kind = 'key' AND subject = ?)) AS revoked`

interface ActorRow {
  readonly document: string | null
  readonly revoked: 0 | 1
}

/** @throws what the authority throws. */
export function assertAuthority({ sql }: Sqlite, authority: Authority | null = null): void {
  if (authority === null) return
  const { client_id, jti, kid } = authority
  const { document, revoked } = sql(ACTOR).get(client_id, jti, kid) as unknown as ActorRow
  const client = document === null ? null : clientOf({ document })
  authority.assert({ client, tokenRevoked: revoked === 1 })
}
