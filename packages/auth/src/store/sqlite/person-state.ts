/** A person's session and role in SQLite, as they are now. */

import type { PersonKey, PersonState } from '../../records/member.ts'
import { personStateOf } from '../member-rows.ts'
import type { Sqlite } from './connection.ts'

const FIND = `SELECT p.id AS person_id, p.email, p.name, p.disabled,
     (SELECT s.expires_at FROM people_sessions s
      WHERE s.id = ? AND s.person_id = p.id) AS session_expires_at,
     (SELECT m.role FROM members m WHERE m.org_id = ? AND m.person_id = p.id) AS role,
     (SELECT r.issued_until FROM revocations r
      WHERE r.kind = 'client' AND r.subject = p.id) AS tokens_revoked_until
   FROM people p WHERE p.id = ?`

const CUT_OFF = "SELECT issued_until FROM revocations WHERE kind = 'client' AND subject = ?"

/** The person's cut-off, Unix seconds; null: none. */
export function findCutOff({ sql }: Sqlite, person_id: string): number | null {
  return (sql(CUT_OFF).get(person_id)?.issued_until ?? null) as number | null
}

export function findPersonState({ sql }: Sqlite, key: PersonKey): PersonState {
  const { person_id, session_id, org_id } = key
  return personStateOf(sql(FIND).get(session_id, org_id, person_id))
}
