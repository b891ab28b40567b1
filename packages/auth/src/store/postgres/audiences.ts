/** Audiences in PostgreSQL. */

import type { Postgres } from '@modulariot/platform/postgres'
import type { AudienceStore } from '../ports/audiences.ts'
import { audienceOf } from '../rows.ts'
import type { Change } from './change-unit.ts'

const LIST = `SELECT audience, scopes::text AS scopes, token_lifetime_seconds, signing_alg, token_typ
  FROM auth.audiences ORDER BY audience`
const INSERT = `INSERT INTO auth.audiences (audience, scopes, token_lifetime_seconds, signing_alg, token_typ)
  VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING`

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
    listAudiences: async () => (await postgres.query(LIST)).rows.map(audienceOf),
  }
}
