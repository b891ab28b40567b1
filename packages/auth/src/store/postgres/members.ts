/** Members of organizations in PostgreSQL, and the persons they are. */

import type { Postgres, RunQuery } from '@modulariot/platform/postgres'
import type { ListedMember, Member, Person } from '../../records/member.ts'
import { listedMemberOf, memberOf, membershipOf, personOf } from '../member-rows.ts'
import type { Audited } from '../ports/audited-change.ts'
import type { EndTokens, MemberChange, MemberStore, PersonChange } from '../ports/members.ts'
import { organizationOf } from '../rows.ts'
import { withoutNul } from '../without-nul.ts'
import { assertAuthority } from './authority.ts'
import type { Change, ChangeUnit } from './change-unit.ts'
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

export function memberStore(postgres: Postgres, change: Change): Members {
  return {
    listMemberships: async (person_id) =>
      (await postgres.query(MEMBERSHIPS, [withoutNul(person_id)])).rows.map(membershipOf),
    findPersonState: (key) => findPersonState(postgres.query, key),
    listMembers: (org_id) => listMembers(postgres.query, org_id),
    claimInstallation: (claim) => change((unit) => claimInstallation(unit, claim)),
    createOrganizationOf: (organization, owner) =>
      change(async (unit) => {
        await insertOrganization(unit, organization)
        await insertMember(unit, owner)
      }),
    updateMember: (org_id, update, authority) =>
      change(async (unit) => {
        await assertAuthority(unit.query, authority)
        return updateMember(unit, org_id, update)
      }),
    updatePerson: (person_id, update) => change((unit) => updatePerson(unit, person_id, update)),
  }
}

const MEMBERSHIPS = `SELECT o.org_id, o.name, m.role FROM auth.members m
   JOIN auth.organizations o ON o.org_id = m.org_id WHERE m.person_id = $1 ORDER BY o.org_id`
const MEMBERS = `SELECT org_id, person_id, role, created_at FROM auth.members
   WHERE org_id = $1 ORDER BY created_at, person_id`
const LISTED = `SELECT m.org_id, m.person_id, m.role, m.created_at, p.email, p.name,
     p.two_factor_enabled,
     (SELECT max(s.updated_at) FROM auth.people_sessions s WHERE s.person_id = p.id) AS last_seen_at
   FROM auth.members m JOIN auth.people p ON p.id = m.person_id
   WHERE m.org_id = $1 ORDER BY m.created_at, m.person_id`

export async function findMembers(query: RunQuery, org_id: string): Promise<Member[]> {
  return (await query(MEMBERS, [withoutNul(org_id)])).rows.map(memberOf)
}

export async function listMembers(query: RunQuery, org_id: string): Promise<ListedMember[]> {
  return (await query(LISTED, [withoutNul(org_id)])).rows.map(listedMemberOf)
}

/** @throws StoreConflict when the person is a member or does not exist. */
export async function insertMember(
  unit: ChangeUnit,
  { value, audit, revoke }: Audited<Member>,
): Promise<void> {
  const { org_id, person_id, role, created_at } = value
  await unit.query(
    'INSERT INTO auth.members (org_id, person_id, role, created_at) VALUES ($1, $2, $3, $4)',
    [org_id, person_id, role, created_at],
  )
  unit.changed()
  await unit.audit([audit])
  await unit.revoke(revoke)
}

/** The trail knows which came first, unless its beginning was cut. */
const OLDEST = `SELECT o.org_id, o.name FROM auth.organizations o LEFT JOIN auth.audit a
     ON a.action = 'organization.created' AND a.org_id = o.org_id AND a.environment IS NULL
   ORDER BY a.seq IS NULL, a.seq, o.org_id LIMIT 1`

/** Null, and no change, when an organization has a member. */
async function claimInstallation(
  unit: ChangeUnit,
  claim: Parameters<MemberStore['claimInstallation']>[0],
): Promise<Member | null> {
  if ((await unit.query('SELECT 1 FROM auth.members LIMIT 1')).count > 0) return null
  const [row] = (await unit.query(OLDEST)).rows
  const existing = row === undefined ? null : organizationOf(row)
  const { organization, owner } = claim(existing)
  if (existing === null) await insertOrganization(unit, organization)
  await insertMember(unit, owner)
  return owner.value
}

/** Null, and no change, when `update` returns null. */
async function updateMember(
  unit: ChangeUnit,
  org_id: string,
  update: Parameters<MemberStore['updateMember']>[1],
): Promise<MemberChange | null> {
  const members = await findMembers(unit.query, org_id)
  const changed = update(members, await listInvitations(unit.query, org_id))
  if (changed === null) return null
  const { person_id, role, audit, endTokens, endInvitations = [] } = changed
  if (role === null) {
    const text = 'DELETE FROM auth.members WHERE org_id = $1 AND person_id = $2'
    await unit.query(text, [org_id, person_id])
  } else {
    const text = 'UPDATE auth.members SET role = $3 WHERE org_id = $1 AND person_id = $2'
    await unit.query(text, [org_id, person_id, role])
  }
  for (const { invitation_id } of endInvitations) await removeInvitation(unit, invitation_id)
  unit.changed()
  await unit.audit([audit, ...endInvitations.map((ended) => ended.audit)])
  await revokeTokens(unit, person_id, endTokens)
  return changed
}

const PERSON = `SELECT id AS person_id, email, name, disabled FROM auth.people WHERE id = $1
   FOR UPDATE`

/** Null, and no change, when there is no such person or `update` returns null. */
async function updatePerson(
  unit: ChangeUnit,
  person_id: string,
  update: (current: Person) => PersonChange | null,
): Promise<Person | null> {
  const [row] = (await unit.query(PERSON, [withoutNul(person_id)])).rows
  const current = row === undefined ? null : personOf(row)
  const changed = current === null ? null : update(current)
  if (current === null || changed === null) return null
  const { disabled = current.disabled, endSessionsBut, endSession, audit, endTokens } = changed
  const values = [person_id, Number(disabled)]
  await unit.query('UPDATE auth.people SET disabled = $2 WHERE id = $1', values)
  if (endSessionsBut !== undefined) {
    const text = 'DELETE FROM auth.people_sessions WHERE person_id = $1 AND id <> $2'
    await unit.query(text, [person_id, endSessionsBut ?? ''])
  }
  if (endSession !== undefined) {
    const text = 'DELETE FROM auth.people_sessions WHERE person_id = $1 AND id = $2'
    await unit.query(text, [person_id, withoutNul(endSession)])
  }
  unit.changed()
  await unit.audit([audit])
  await revokeTokens(unit, person_id, endTokens)
  return { ...current, disabled }
}

async function revokeTokens(
  unit: ChangeUnit,
  person_id: string,
  endTokens: EndTokens | undefined,
): Promise<void> {
  if (endTokens === undefined) return
  await unit.revoke([endTokens(await findCutOff(unit.query, person_id))])
}
