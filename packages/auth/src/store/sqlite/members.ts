/** Members of organizations in SQLite, and the persons they are. */

import { attempt } from '@modulariot/platform/storage'
import type { Member, Person } from '../../records/member.ts'
import { listedMemberOf, memberOf, membershipOf, personOf } from '../member-rows.ts'
import type { Audited } from '../ports/audited-change.ts'
import type { MemberChange, MemberStore, PersonChange } from '../ports/members.ts'
import { organizationOf } from '../rows.ts'
import { assertAuthority } from './authority.ts'
import type { Change, ChangeUnit } from './change-unit.ts'
import type { Sqlite } from './connection.ts'
import { listInvitations, removeInvitation } from './invitation-rows.ts'
import { insertOrganization } from './organizations.ts'
import { findCutOff, findPersonState } from './person-state.ts'

type Members = Pick<
  MemberStore,
  | 'listMemberships'
  | 'findPersonState'
  | 'listMembers'
  | 'claimInstallation'
  | 'createOrganizationOf'
  | 'updateMember'
  | 'updatePerson'
>

export function memberStore(sqlite: Sqlite, change: Change): Members {
  return {
    listMemberships: (person_id) =>
      attempt(() => sqlite.sql(MEMBERSHIPS).all(person_id).map(membershipOf)),
    findPersonState: (key) => attempt(() => findPersonState(sqlite, key)),
    listMembers: (org_id) => attempt(() => listMembers(sqlite, org_id)),
    claimInstallation: (claim) => change((unit) => claimInstallation(sqlite, unit, claim)),
    createOrganizationOf: (organization, owner) =>
      change((unit) => {
        insertOrganization(sqlite, unit, organization)
        insertMember(sqlite, unit, owner)
      }),
    updateMember: (org_id, update, authority) =>
      change((unit) => {
        assertAuthority(sqlite, authority)
        return updateMember(sqlite, unit, org_id, update)
      }),
    updatePerson: (person_id, update) =>
      change((unit) => updatePerson(sqlite, unit, person_id, update)),
  }
}

const MEMBERSHIPS = `SELECT o.org_id, o.name, m.role FROM members m
   JOIN organizations o ON o.org_id = m.org_id WHERE m.person_id = ? ORDER BY o.org_id`
const MEMBERS = `SELECT org_id, person_id, role, created_at FROM members
   WHERE org_id = ? ORDER BY created_at, person_id`
const LISTED = `SELECT m.org_id, m.person_id, m.role, m.created_at, p.email, p.name,
     p.two_factor_enabled,
     (SELECT max(s.updated_at) FROM people_sessions s WHERE s.person_id = p.id) AS last_seen_at
   FROM members m JOIN people p ON p.id = m.person_id
   WHERE m.org_id = ? ORDER BY m.created_at, m.person_id`

export function findMembers({ sql }: Sqlite, org_id: string): Member[] {
  return sql(MEMBERS).all(org_id).map(memberOf)
}

export function listMembers({ sql }: Sqlite, org_id: string) {
  return sql(LISTED).all(org_id).map(listedMemberOf)
}

/** @throws of SQLite, when the person is a member or does not exist. */
export function insertMember(
  { sql }: Sqlite,
  unit: ChangeUnit,
  { value, audit, revoke }: Audited<Member>,
): void {
  const { org_id, person_id, role, created_at } = value
  sql('INSERT INTO members (org_id, person_id, role, created_at) VALUES (?, ?, ?, ?)').run(
    ...[org_id, person_id, role, created_at],
  )
  unit.changed()
  unit.audit([audit])
  unit.revoke(revoke)
}

/** The trail knows which came first, unless its beginning was cut. */
const OLDEST = `SELECT o.org_id, o.name FROM organizations o LEFT JOIN audit a
     ON a.action = 'organization.created' AND a.org_id = o.org_id AND a.environment IS NULL
   ORDER BY a.seq IS NULL, a.seq, o.org_id LIMIT 1`

/** Null, and no change, when an organization has a member. */
function claimInstallation(
  sqlite: Sqlite,
  unit: ChangeUnit,
  claim: Parameters<MemberStore['claimInstallation']>[0],
): Member | null {
  if (sqlite.sql('SELECT 1 FROM members LIMIT 1').get() !== undefined) return null
  const row = sqlite.sql(OLDEST).get()
  const existing = row === undefined ? null : organizationOf(row)
  const { organization, owner } = claim(existing)
  if (existing === null) insertOrganization(sqlite, unit, organization)
  insertMember(sqlite, unit, owner)
  return owner.value
}

/** Null, and no change, when `update` returns null. */
function updateMember(
  sqlite: Sqlite,
  unit: ChangeUnit,
  org_id: string,
  update: Parameters<MemberStore['updateMember']>[1],
): MemberChange | null {
  const changed = update(findMembers(sqlite, org_id), listInvitations(sqlite, org_id))
  if (changed === null) return null
  const { person_id, role, audit, endTokens, endInvitations = [] } = changed
  if (role === null) {
    sqlite.sql('DELETE FROM members WHERE org_id = ? AND person_id = ?').run(org_id, person_id)
  } else {
    const text = 'UPDATE members SET role = ? WHERE org_id = ? AND person_id = ?'
    sqlite.sql(text).run(role, org_id, person_id)
  }
  for (const { invitation_id } of endInvitations) removeInvitation(sqlite, invitation_id)
  unit.changed()
  unit.audit([audit, ...endInvitations.map((ended) => ended.audit)])
  if (endTokens !== undefined) unit.revoke([endTokens(findCutOff(sqlite, person_id))])
  return changed
}

const PERSON = 'SELECT id AS person_id, email, name, disabled FROM people WHERE id = ?'

/** Null, and no change, when there is no such person or `update` returns null. */
function updatePerson(
  sqlite: Sqlite,
  unit: ChangeUnit,
  person_id: string,
  update: (current: Person) => PersonChange | null,
): Person | null {
  const { sql } = sqlite
  const row = sql(PERSON).get(person_id)
  const current = row === undefined ? null : personOf(row)
  const changed = current === null ? null : update(current)
  if (current === null || changed === null) return null
  const { disabled = current.disabled, endSessionsBut, endSession, audit, endTokens } = changed
  sql('UPDATE people SET disabled = ? WHERE id = ?').run(Number(disabled), person_id)
  if (endSessionsBut !== undefined) {
    const kept = endSessionsBut ?? ''
    sql('DELETE FROM people_sessions WHERE person_id = ? AND id <> ?').run(person_id, kept)
  }
  if (endSession !== undefined) {
    sql('DELETE FROM people_sessions WHERE person_id = ? AND id = ?').run(person_id, endSession)
  }
  unit.changed()
  unit.audit([audit])
  if (endTokens !== undefined) unit.revoke([endTokens(findCutOff(sqlite, person_id))])
  return { ...current, disabled }
}
