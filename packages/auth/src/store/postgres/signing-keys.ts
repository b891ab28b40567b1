/** The signing keys in PostgreSQL: read whole, replaced whole. */

import type { Postgres, RunQuery } from '@modulariot/platform/postgres'
import type { SealedKey } from '../../records/sealed-key.ts'
import type {
  FormerCheckpointKey,
  KeyChangeMoment,
  SigningKeyStore,
} from '../ports/signing-keys.ts'
import { instanceOf, sealedKeyOf } from '../rows.ts'
import { trailWasCut } from '../trail-was-cut.ts'
import type { Change, ChangeUnit } from './change-unit.ts'

const ALL_INSTANCES = `SELECT instance_id, name, key_ids::text AS key_ids, until
  FROM auth.instances ORDER BY instance_id`

const COLUMNS = 'kid, alg, public_jwk, sealed, created_at, activates_at, retires_at'

export function signingKeyStore(postgres: Postgres, change: Change): SigningKeyStore {
  return {
    listSigningKeys: () => readSigningKeys(postgres.query),
    updateSigningKeys: (update) => change((unit) => updateSigningKeys(unit, update)),
    listFormerCheckpointKeys: async () => {
      const { rows } = await postgres.query(
        'SELECT voucher FROM auth.former_checkpoint_keys ORDER BY kid',
      )
      return rows.map(({ voucher }) => voucher as string)
    },
  }
}

async function readSigningKeys(query: RunQuery): Promise<SealedKey[]> {
  const { rows } = await query(
    `SELECT kid, alg, public_jwk::text AS public_jwk, sealed, created_at, activates_at, retires_at
     FROM auth.signing_keys ORDER BY created_at, kid`,
  )
  return rows.map(sealedKeyOf)
}

async function replaceCheckpointKey(
  unit: ChangeUnit,
  { kid, presentKid, voucher, base }: FormerCheckpointKey,
): Promise<void> {
  const { rows } = await unit.query('SELECT checkpoint FROM auth.audit_base')
  if ((rows[0]?.checkpoint ?? null) !== (base?.before ?? null)) throw trailWasCut()
  if (base !== null) await unit.query('UPDATE auth.audit_base SET checkpoint = $1', [base.after])
  await unit.query('DELETE FROM auth.former_checkpoint_keys WHERE kid = $1', [presentKid])
  await unit.query(
    `INSERT INTO auth.former_checkpoint_keys (kid, voucher) VALUES ($1, $2)
     ON CONFLICT (kid) DO UPDATE SET voucher = excluded.voucher`,
    [kid, voucher],
  )
}

async function momentOf({ query }: ChangeUnit): Promise<KeyChangeMoment> {
  const { rows: heads } = await query('SELECT max(seq) AS seq FROM auth.audit')
  const { rows } = await query(ALL_INSTANCES)
  return { lastSeq: Number(heads[0]?.seq ?? 0), instances: rows.map(instanceOf) }
}

async function updateSigningKeys(
  unit: ChangeUnit,
  update: Parameters<SigningKeyStore['updateSigningKeys']>[0],
): Promise<readonly SealedKey[]> {
  const before = await readSigningKeys(unit.query)
  const change = update(before, await momentOf(unit))
  if (change === null) return before
  const { keys, audit, revoke, formerCheckpointKey: former } = change
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
  if (former !== undefined) await replaceCheckpointKey(unit, former)
  unit.changed()
  unit.keysChanged()
  await unit.audit(audit)
  await unit.revoke(revoke)
  return readSigningKeys(unit.query)
}
