/** Audiences in SQLite. */

import { attempt } from '@modulariot/platform/storage'
import type { Audience } from '../../records/audience.ts'
import type { AudienceStore } from '../ports/audiences.ts'
import type { Audited } from '../ports/audited-change.ts'
import { MAX_NAMED_CLIENTS } from '../revision.ts'
import { audienceOf } from '../rows.ts'
import type { Change, ChangeUnit } from './change-unit.ts'
import type { Sqlite } from './connection.ts'

const LIST = `SELECT audience, scopes, token_lifetime_seconds, signing_alg, token_typ
  FROM audiences ORDER BY audience`
const INSERT = `INSERT INTO audiences (audience, scopes, token_lifetime_seconds, signing_alg, token_typ)
  VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`

const FIND = `SELECT audience, scopes, token_lifetime_seconds, signing_alg, token_typ
  FROM audiences WHERE audience = ?`
const UPDATE = `UPDATE audiences SET scopes = ?, token_lifetime_seconds = ?, signing_alg = ?, token_typ = ?
  WHERE audience = ?`
/** One more than are announced by name already announces all. */
const MARK_GRANTED = `UPDATE clients SET changed_by = ? WHERE client_id IN (
    SELECT client_id FROM clients WHERE EXISTS (
      SELECT 1 FROM json_each(document, '$.grants') g
      WHERE json_extract(g.value, '$.audience') = ?)
    LIMIT ${MAX_NAMED_CLIENTS + 1})`

export function audienceStore(sqlite: Sqlite, change: Change): AudienceStore {
  const { sql } = sqlite
  return {
    createAudience: ({ value, audit, revoke }) =>
      change((unit) => {
        const { audience, scopes, token_lifetime_seconds, signing_alg, token_typ } = value
        const { changes } = sql(INSERT).run(
          audience,
          JSON.stringify(scopes),
          token_lifetime_seconds,
          signing_alg,
          token_typ,
        )
        if (changes === 0) return false
        unit.changed()
        unit.keysChanged()
        unit.audit([audit])
        unit.revoke(revoke)
        return true
      }),
    updateAudience: (audience, update) =>
      change((unit) => updateAudience(sqlite, unit, audience, update)),
    listAudiences: () => attempt(() => sql(LIST).all().map(audienceOf)),
  }
}

function updateAudience(
  { sql }: Sqlite,
  unit: ChangeUnit,
  audience: string,
  update: (current: Audience) => Audited<Audience>,
): Audience | null {
  const row = sql(FIND).get(audience)
  if (row === undefined) return null
  const { value, audit, revoke } = update(audienceOf(row))
  const { scopes, token_lifetime_seconds, signing_alg, token_typ } = value
  const fields = [JSON.stringify(scopes), token_lifetime_seconds, signing_alg, token_typ]
  sql(UPDATE).run(...fields, audience)
  sql(MARK_GRANTED).run(unit.revision, audience)
  unit.changed()
  unit.keysChanged()
  unit.audit([audit])
  unit.revoke(revoke)
  return value
}
