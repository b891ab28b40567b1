/** The authority of a change, checked in the transaction of the change. */

import type { RunQuery } from '@modulariot/platform/postgres'
import type { Authority } from '../ports/audited-change.ts'
import { clientOf } from '../rows.ts'
import { withoutNul } from '../without-nul.ts'
import { findPersonState } from './person-state.ts'

/** One statement: the client and the feed are of one moment. */
const CLIENT = {
  name: 'actor',
  text: `SELECT
      (SELECT document::text FROM auth.clients WHERE client_id = $1) AS document,
      EXISTS (SELECT 1 FROM auth.revocations
        WHERE (kind = 'token' AND subject = $2) OR (kind = 'key' AND subject = $3)) AS revoked`,
}

interface ClientRow {
  readonly document: string | null
  readonly revoked: boolean
}

/**
 * In a change unit, other changes wait for its lock: the actor stays as it is read here until the
 * commit. Sessions are an exception, since better-auth ends them outside of units: one that ends
 * now ends before or after this change.
 *
 * @throws what the authority throws.
 */
export async function assertAuthority(
  query: RunQuery,
  authority: Authority | null = null,
): Promise<void> {
  if (authority === null) return
  if (authority.kind === 'person') {
    authority.assert(await findPersonState(query, authority))
    return
  }
  const { client_id, jti, kid } = authority
  const { rows } = await query<ClientRow>(CLIENT, [client_id, jti, kid].map(withoutNul))
  const { document, revoked } = rows[0] as ClientRow
  const client = document === null ? null : clientOf({ document })
  authority.assert({ client, tokenRevoked: revoked })
}
