/** Moves of secrets to another encryption key, in SQLite. */

import { withMovedSecrets } from '../moved-secrets.ts'
import type { SecretMove, SecretMoveStore } from '../ports/secret-moves.ts'
import { clientOf } from '../rows.ts'
import type { Change } from './change-unit.ts'
import type { Sqlite } from './connection.ts'

export function secretMoveStore(sqlite: Sqlite, change: Change): SecretMoveStore {
  return { moveSecrets: (moves) => change(() => moveSecrets(sqlite, moves)) }
}

function moveSecrets({ sql }: Sqlite, moves: readonly SecretMove[]): number {
  let total = 0
  for (const [client_id, own] of Map.groupBy(moves, (move) => move.client_id)) {
    const row = sql('SELECT document FROM clients WHERE client_id = ?').get(client_id)
    if (row === undefined) continue
    const { client, moved } = withMovedSecrets(clientOf(row), own)
    if (moved === 0) continue
    sql('UPDATE clients SET document = ? WHERE client_id = ?').run(
      JSON.stringify(client),
      client_id,
    )
    total += moved
  }
  return total
}
