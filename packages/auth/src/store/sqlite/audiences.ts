/** Audiences in SQLite. */

import { attempt } from '@modulariot/platform/storage'
import type { AudienceStore } from '../ports/audiences.ts'
import { audienceOf } from '../rows.ts'
import type { Change } from './change-unit.ts'
import type { Sqlite } from './connection.ts'

const LIST = `SELECT audience, scopes, token_lifetime_seconds, signing_alg, token_typ
  FROM audiences ORDER BY audience`
const INSERT = `INSERT INTO audiences (audience, scopes, token_lifetime_seconds, signing_alg, token_typ)
  VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`

export function audienceStore({ sql }: Sqlite, change: Change): AudienceStore {
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
    listAudiences: () => attempt(() => sql(LIST).all().map(audienceOf)),
  }
}
