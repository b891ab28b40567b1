/** The signing keys in SQLite: read whole, replaced whole. */

import { attempt } from '@modulariot/platform/storage'
import type { SealedKey } from '../../records/sealed-key.ts'
import type {
  FormerCheckpointKey,
  KeyChangeMoment,
  SigningKeyStore,
} from '../ports/signing-keys.ts'
import { instanceOf, sealedKeyOf } from '../rows.ts'
import { trailWasCut } from '../trail-was-cut.ts'
import type { Change, ChangeUnit } from './change-unit.ts'
import type { Sqlite } from './connection.ts'

const COLUMNS = 'kid, alg, public_jwk, sealed, created_at, activates_at, retires_at'

export function signingKeyStore(sqlite: Sqlite, change: Change): SigningKeyStore {
  return {
    listSigningKeys: () => attempt(() => readSigningKeys(sqlite)),
    updateSigningKeys: (update) => change((unit) => updateSigningKeys(sqlite, unit, update)),
    listFormerCheckpointKeys: () =>
      attempt(() =>
        sqlite
          .sql('SELECT voucher FROM former_checkpoint_keys ORDER BY kid')
          .all()
          .map(({ voucher }) => voucher as string),
      ),
  }
}

function readSigningKeys({ sql }: Sqlite): SealedKey[] {
  return sql(`SELECT ${COLUMNS} FROM signing_keys ORDER BY created_at, kid`).all().map(sealedKeyOf)
}

function replaceCheckpointKey(
  { sql }: Sqlite,
  { kid, presentKid, voucher, base }: FormerCheckpointKey,
): void {
  const stored = sql('SELECT checkpoint FROM audit_base').get()?.checkpoint ?? null
  if (stored !== (base?.before ?? null)) throw trailWasCut()
  if (base !== null) sql('UPDATE audit_base SET checkpoint = ?').run(base.after)
  sql('DELETE FROM former_checkpoint_keys WHERE kid = ?').run(presentKid)
  const keep = 'INSERT OR REPLACE INTO former_checkpoint_keys (kid, voucher) VALUES (?, ?)'
  sql(keep).run(kid, voucher)
}

function momentOf({ sql }: Sqlite): KeyChangeMoment {
  const lastSeq = sql('SELECT max(seq) AS seq FROM audit').get()?.seq ?? 0
  const instances = sql('SELECT * FROM instances ORDER BY instance_id').all().map(instanceOf)
  return { lastSeq: lastSeq as number, instances }
}

function updateSigningKeys(
  sqlite: Sqlite,
  unit: ChangeUnit,
  update: Parameters<SigningKeyStore['updateSigningKeys']>[0],
): readonly SealedKey[] {
  const before = readSigningKeys(sqlite)
  const change = update(before, momentOf(sqlite))
  if (change === null) return before
  const { keys, audit, revoke, formerCheckpointKey: former } = change
  sqlite.sql('DELETE FROM signing_keys').run()
  const insert = sqlite.sql(`INSERT INTO signing_keys (${COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)`)
  for (const { kid, alg, public_jwk, sealed, created_at, activates_at, retires_at } of keys) {
    const jwk = JSON.stringify(public_jwk)
    insert.run(kid, alg, jwk, sealed, created_at, activates_at, retires_at)
  }
  if (former !== undefined) replaceCheckpointKey(sqlite, former)
  unit.changed()
  unit.keysChanged()
  unit.audit(audit)
  unit.revoke(revoke)
  return readSigningKeys(sqlite)
}
