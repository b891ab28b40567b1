/** The trail as it is read; audit-writes.ts adds to it and cuts it. */

import type { Postgres } from '@modulariot/platform/postgres'
import { idempotentAnswerOf } from '../idempotency-rows.ts'
import type { IdempotentAnswers, TrailReader } from '../ports/trail.ts'
import { auditRowOf } from '../rows.ts'
import { withoutNul } from '../without-nul.ts'
import { assertAuthority } from './clients.ts'

const COLUMNS = 'seq, entry::text AS entry, hash'
const MIN_BIGINT = '-9223372036854775808'
const FILTERS = ['org_id', 'environment', 'target_id', 'action'] as const

export function auditReads(postgres: Postgres): TrailReader & IdempotentAnswers {
  return {
    listAudit: async ({ before, limit, ...filter }) => {
      const asked = FILTERS.flatMap((name) => {
        const value = filter[name]
        return value === undefined ? [] : [{ name, value }]
      })
      const conditions = asked.map(({ name }, index) => `${name} = $${index + 3}`)
      const { rows } = await postgres.query(
        `SELECT ${COLUMNS} FROM auth.audit WHERE ${['seq < $1', ...conditions].join(' AND ')}
         ORDER BY seq DESC LIMIT $2`,
        [before ?? Number.MAX_SAFE_INTEGER, limit, ...asked.map(({ value }) => withoutNul(value))],
      )
      return rows.map(auditRowOf)
    },
    findIdempotent: ({ org_id, environment }, key, authority) =>
      postgres.transaction(
        async (query) => {
          await assertAuthority(query, authority)
          const { rows } = await query(
            `SELECT digest, answer::text AS answer, until FROM auth.idempotency
             WHERE org_id = $1 AND environment = $2 AND key = $3`,
            [org_id, environment, withoutNul(key)],
          )
          return rows[0] === undefined ? null : idempotentAnswerOf(rows[0])
        },
        { mode: 'snapshot' },
      ),
    readAuditBase: async () => {
      const { rows } = await postgres.query('SELECT checkpoint FROM auth.audit_base')
      return (rows[0]?.checkpoint as string | undefined) ?? null
    },
    readAudit: async ({ after, limit }) => {
      const { rows } = await postgres.query(
        `SELECT ${COLUMNS} FROM auth.audit WHERE seq >= $1 ORDER BY seq LIMIT $2`,
        [after === null ? MIN_BIGINT : after + 1, limit],
      )
      return rows.map(auditRowOf)
    },
  }
}
