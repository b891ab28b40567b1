/** What a backup states about a copy of a database, which no process writes to. */

import { openCopy } from '@modulariot/platform/backup'
import type { AuditHead } from '../../audit/verify.ts'
import type { SealedKey } from '../../records/sealed-key.ts'

/** The trail's head. Null: the trail is empty. @throws StoreDamaged */
export function headOfCopy(path: string): AuditHead | null {
  using database = openCopy(path)
  const row = database.prepare('SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1').get()
  return row === undefined ? null : { seq: row.seq as number, hash: row.hash as string }
}

/** @throws StoreDamaged */
export function sealedKeysOfCopy(path: string): Pick<SealedKey, 'kid' | 'sealed'>[] {
  using database = openCopy(path)
  const rows = database.prepare('SELECT kid, sealed FROM signing_keys').all()
  return rows.map(({ kid, sealed }) => ({ kid: kid as string, sealed: sealed as string }))
}
