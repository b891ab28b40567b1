/** Moves of secrets to another encryption key, in PostgreSQL. */

import { withMovedSecrets } from '../moved-secrets.ts'
import type { SecretMove, SecretMoveStore } from '../ports/secret-moves.ts'
import { clientOf } from '../rows.ts'
import type { Change, ChangeUnit } from './change-unit.ts'

export function secretMoveStore(change: Change): SecretMoveStore {
  return { moveSecrets: (moves) => change((unit) => moveSecrets(unit, moves)) }
}

/** The unit's lock keeps other changes to these clients out. */
async function moveSecrets(unit: ChangeUnit, moves: readonly SecretMove[]): Promise<number> {
  const byClient = Map.groupBy(moves, (move) => move.client_id)
  const { rows } = await unit.query(
    'SELECT document::text AS document FROM auth.clients WHERE client_id = ANY ($1)',
    [[...byClient.keys()]],
  )
  const results = rows
    .map(clientOf)
    .map((client) => withMovedSecrets(client, byClient.get(client.client_id) ?? []))
    .filter(({ moved }) => moved > 0)
  if (results.length === 0) return 0
  await unit.query(
    `UPDATE auth.clients c SET document = n.document
     FROM unnest($1::text[], $2::json[]) AS n (client_id, document)
     WHERE c.client_id = n.client_id`,
    [
      results.map(({ client }) => client.client_id),
      results.map(({ client }) => JSON.stringify(client)),
    ],
  )
  return results.reduce((sum, { moved }) => sum + moved, 0)
}
