/** The signing keys in SQLite: read whole, replaced whole. */

import { attempt } from '@modulariot/platform/storage'
import type { SealedKey } from '../../records/sealed-key.ts'
import type { KeyChange, SigningKeyStore } from '../ports/signing-keys.ts'
import { sealedKeyOf } from '../rows.ts'
import type { Change, ChangeUnit } from './change-unit.ts'
import type { Sqlite } from './connection.ts'

const COLUMNS = 'kid, alg, public_jwk, sealed, created_at, activates_at, retires_at'

export function signingKeyStore(sqlite: Sqlite, change: Change): SigningKeyStore {
  return {
    listSigningKeys: () => attempt(() => readSigningKeys(sqlite)),
    updateSigningKeys: (update) => change((unit) => updateSigningKeys(sqlite, unit, update)),
  }
}

function readSigningKeys({ sql }: Sqlite): SealedKey[] {
  return sql(`SELECT ${COLUMNS} FROM signing_keys ORDER BY created_at, kid`).all().map(sealedKeyOf)
}

function updateSigningKeys(
  sqlite: Sqlite,
  unit: ChangeUnit,
  update: (current: readonly SealedKey[]) => KeyChange | null,
): readonly SealedKey[] {
  const before = readSigningKeys(sqlite)
  const change = update(before)
  if (change === null) return before
  const { keys, audit, revoke } = change
  sqlite.sql('DELETE FROM signing_keys').run()
  const insert = sqlite.sql(`INSERT INTO signing_keys (${COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)`)
  for (const { kid, alg, public_jwk, sealed, created_at, activates_at, retires_at } of keys) {
    const jwk = JSON.stringify(public_jwk)
    insert.run(kid, alg, jwk, sealed, created_at, activates_at, retires_at)
  }
  unit.changed()
  unit.keysChanged()
  unit.audit(audit)
  unit.revoke(revoke)
  return readSigningKeys(sqlite)
}
