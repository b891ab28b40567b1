/** Audiences in PostgreSQL. */

import type { Postgres } from '@modulariot/platform/postgres'
import type { Audience } from '../../records/audience.ts'
import type { AudienceStore } from '../ports/audiences.ts'
import type { Audited } from '../ports/audited-change.ts'
import { MAX_NAMED_CLIENTS } from '../revision.ts'
import { audienceOf } from '../rows.ts'
import { withoutNul } from '../without-nul.ts'
import type { Change, ChangeUnit } from './change-unit.ts'

const LIST = `SELECT audience, scopes::text AS scopes, token_lifetime_seconds, signing_alg, token_typ
  FROM auth.audiences ORDER BY audience`
const INSERT = `INSERT INTO auth.audiences (audience, scopes, token_lifetime_seconds, signing_alg, token_typ)
  VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING`

const FIND = `SELECT audience, scopes::text AS scopes, token_lifetime_seconds, signing_alg, token_typ
  FROM auth.audiences WHERE audience = $1`
const UPDATE = `UPDATE auth.audiences
  SET scopes = $2, token_lifetime_seconds = $3, signing_alg = $4, token_typ = $5
  WHERE audience = $1`
/** One more than are announced by name already announces all. */
const MARK_GRANTED = `UPDATE auth.clients SET changed_by = $1 WHERE client_id IN (
    SELECT client_id FROM auth.clients WHERE $2 IN (
      SELECT g ->> 'audience' FROM json_array_elements(document -> 'grants') g)
    LIMIT ${MAX_NAMED_CLIENTS + 1})`

export function audienceStore(postgres: Postgres, change: Change): AudienceStore {
  return {
    createAudience: ({ value, audit, revoke }) =>
      change(async (unit) => {
        const { audience, scopes, token_lifetime_seconds, signing_alg, token_typ } = value
        const { count } = await unit.query(INSERT, [
          audience,
          JSON.stringify(scopes),
          token_lifetime_seconds,
          signing_alg,
          token_typ,
        ])
        if (count === 0) return false
        unit.changed()
        unit.keysChanged()
        await unit.audit([audit])
        await unit.revoke(revoke)
        return true
      }),
    updateAudience: (audience, update) => change((unit) => updateAudience(unit, audience, update)),
    listAudiences: async () => (await postgres.query(LIST)).rows.map(audienceOf),
  }
}

async function updateAudience(
  unit: ChangeUnit,
  audience: string,
  update: (current: Audience) => Audited<Audience>,
): Promise<Audience | null> {
  const { rows } = await unit.query(FIND, [withoutNul(audience)])
  if (rows[0] === undefined) return null
  const { value, audit, revoke } = update(audienceOf(rows[0]))
  const { scopes, token_lifetime_seconds, signing_alg, token_typ } = value
  const fields = [JSON.stringify(scopes), token_lifetime_seconds, signing_alg, token_typ]
  await unit.query(UPDATE, [audience, ...fields])
  await unit.query(MARK_GRANTED, [unit.revision, audience])
  unit.changed()
  unit.keysChanged()
  await unit.audit([audit])
  await unit.revoke(revoke)
  return value
}
