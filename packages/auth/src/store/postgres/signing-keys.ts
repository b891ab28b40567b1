/** The signing keys in PostgreSQL: read whole, replaced whole. */

import type { Postgres, RunQuery } from '@modulariot/platform/postgres'
import type { SealedKey } from '../../records/sealed-key.ts'
import type { KeyChange, SigningKeyStore } from '../ports/signing-keys.ts'
import { sealedKeyOf } from '../rows.ts'
import type { Change, ChangeUnit } from './change-unit.ts'

const COLUMNS = 'kid, alg, public_jwk, sealed, created_at, activates_at, retires_at'

export function signingKeyStore(postgres: Postgres, change: Change): SigningKeyStore {
  return {
    listSigningKeys: () => readSigningKeys(postgres.query),
    updateSigningKeys: (update) => change((unit) => updateSigningKeys(unit, update)),
  }
}

async function readSigningKeys(query: RunQuery): Promise<SealedKey[]> {
  const { rows } = await query(
    `SELECT kid, alg, public_jwk::text AS public_jwk, sealed, created_at, activates_at, retires_at
     FROM auth.signing_keys ORDER BY created_at, kid`,
  )
  return rows.map(sealedKeyOf)
}

async function updateSigningKeys(
  unit: ChangeUnit,
  update: (current: readonly SealedKey[]) => KeyChange | null,
): Promise<readonly SealedKey[]> {
  const before = await readSigningKeys(unit.query)
  const change = update(before)
  if (change === null) return before
  const { keys, audit, revoke } = change
  await unit.query('DELETE FROM auth.signing_keys')
  await unit.query(
    `INSERT INTO auth.signing_keys (${COLUMNS}) SELECT * FROM unnest(
       $1::text[], $2::text[], $3::json[], $4::text[], $5::text[], $6::text[], $7::text[])`,
    [
      keys.map(({ kid }) => kid),
      keys.map(({ alg }) => alg),
      keys.map(({ public_jwk }) => JSON.stringify(public_jwk)),
      keys.map(({ sealed }) => sealed),
      keys.map(({ created_at }) => created_at),
      keys.map(({ activates_at }) => activates_at),
      keys.map(({ retires_at }) => retires_at),
    ],
  )
  unit.changed()
  unit.keysChanged()
  await unit.audit(audit)
  await unit.revoke(revoke)
  return readSigningKeys(unit.query)
}
