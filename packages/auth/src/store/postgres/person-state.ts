/** A person's session and role in PostgreSQL, as they are now. */

import type { RunQuery } from '@modulariot/platform/postgres'
import type { PersonKey, PersonState } from '../../records/member.ts'
import { personStateOf } from '../member-rows.ts'
import { withoutNul } from '../without-nul.ts'

/** One statement: session, role and feed are of one moment. */
const FIND = {
  name: 'person-state',
  text: `SELECT p.id AS person_id, p.email, p.name, p.disabled,
      (SELECT s.expires_at FROM auth.people_sessions s
       WHERE s.id = $2 AND s.person_id = p.id) AS session_expires_at,
      (SELECT m.role FROM auth.members m WHERE m.org_id = $3 AND m.person_id = p.id) AS role,
      (SELECT r.issued_until FROM auth.revocations r
       WHERE r.kind = 'client' AND r.subject = p.id) AS tokens_revoked_until
    FROM auth.people p WHERE p.id = $1`,
}

const CUT_OFF = `SELECT issued_until FROM auth.revocations
   WHERE kind = 'client' AND subject = $1`

/** The person's cut-off, Unix seconds; null: none. */
export async function findCutOff(query: RunQuery, person_id: string): Promise<number | null> {
  const { rows } = await query<{ issued_until: number }>(CUT_OFF, [person_id])
  return rows[0]?.issued_until ?? null
}

export async function findPersonState(query: RunQuery, key: PersonKey): Promise<PersonState> {
  const values = [key.person_id, key.session_id, key.org_id].map(withoutNul)
  return personStateOf((await query(FIND, values)).rows[0])
}
