/** The authority of a change, checked in the transaction of the change. */

import type { RunQuery } from '@modulariot/platform/postgres'
import type { Authority } from '../ports/audited-change.ts'
import { clientOf } from '../rows.ts'
import { withoutNul } from '../without-nul.ts'

/** One statement: the client and the feed are of one moment. */
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
 * In a change unit, other changes wait for its lock: the actor stays as it is read here until the
 * commit.
 *
 * @throws what the authority throws.
 */
export async function assertAuthority(
  query: RunQuery,
  authority: Authority | null = null,
): Promise<void> {
  if (authority === null) return
  const { client_id, jti, kid } = authority
  const { rows } = await query<ActorRow>(ACTOR, [client_id, jti, kid].map(withoutNul))
  const { document, revoked } = rows[0] as ActorRow
  const client = document === null ? null : clientOf({ document })
  authority.assert({ client, tokenRevoked: revoked })
}
