/** Invitations to organizations in PostgreSQL. */

import type { Postgres, RunQuery } from '@modulariot/platform/postgres'
import type { Invitation, Member } from '../../records/member.ts'
import { invitationOf } from '../member-rows.ts'
import type { Audited } from '../ports/audited-change.ts'
import type { Invited, MemberStore } from '../ports/members.ts'
import { withoutNul } from '../without-nul.ts'
import { assertAuthority } from './authority.ts'
import type { Change, ChangeUnit } from './change-unit.ts'
import { COLUMNS, listInvitations, removeInvitation } from './invitation-rows.ts'
import { findMembers, insertMember, listMembers } from './members.ts'

type Invitations = Pick<
  MemberStore,
  | 'listInvitations'
  | 'findInvitation'
  | 'createInvitation'
  | 'deleteInvitation'
  | 'acceptInvitation'
>

export function invitationStore(postgres: Postgres, change: Change): Invitations {
  return {
    listInvitations: (org_id) => listInvitations(postgres.query, org_id),
    findInvitation: (token_digest) => findInvitation(postgres.query, token_digest),
    createInvitation: (org_id, create, authority) =>
      change(async (unit) => {
        await assertAuthority(unit.query, authority)
        return createInvitation(unit, org_id, create)
      }),
    deleteInvitation: (org_id, invitation_id, remove, authority) =>
      change(async (unit) => {
        await assertAuthority(unit.query, authority)
        const all = await listInvitations(unit.query, org_id)
        const current = all.find((one) => one.invitation_id === invitation_id)
        if (current === undefined) return null
        const audit = remove(current)
        await removeInvitation(unit, invitation_id)
        unit.changed()
        await unit.audit([audit])
        return current
      }),
    acceptInvitation: (token_digest, accept) =>
      change((unit) => acceptInvitation(unit, token_digest, accept)),
  }
}

const FIND = `SELECT ${COLUMNS} FROM auth.invitations WHERE token_digest = $1`
const INSERT = `INSERT INTO auth.invitations (${COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`
/** ISO 8601, of the Unix seconds in `$1` or of the database's clock if that is earlier. */
export const ENDED = `to_char(least(to_timestamp($1), now()) AT TIME ZONE 'UTC',
    'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`
export const SWEEP_INVITATIONS = `DELETE FROM auth.invitations WHERE ctid IN (
   SELECT ctid FROM auth.invitations WHERE expires_at <= ${ENDED}
   ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED)`

async function findInvitation(query: RunQuery, token_digest: string): Promise<Invitation | null> {
  const [row] = (await query(FIND, [withoutNul(token_digest)])).rows
  return row === undefined ? null : invitationOf(row)
}

async function createInvitation(
  unit: ChangeUnit,
  org_id: string,
  create: (invited: Invited) => Audited<Invitation>,
): Promise<Invitation> {
  const invitations = await listInvitations(unit.query, org_id)
  const members = await listMembers(unit.query, org_id)
  const { value, audit } = create({ members, invitations })
  for (const { email, invitation_id } of invitations) {
    if (email === value.email) await removeInvitation(unit, invitation_id)
  }
  const { invitation_id, email, role, token_digest, expires_at, created_at, invited_by } = value
  const values = [
    invitation_id,
    org_id,
    email,
    role,
    token_digest,
    expires_at,
    created_at,
    invited_by,
  ]
  await unit.query(INSERT, values)
  unit.changed()
  await unit.audit([audit])
  return value
}

/** Null, and no change, when there is no such invitation. */
async function acceptInvitation(
  unit: ChangeUnit,
  token_digest: string,
  accept: (invitation: Invitation, members: readonly Member[]) => Audited<Member>,
): Promise<Member | null> {
  const invitation = await findInvitation(unit.query, token_digest)
  if (invitation === null) return null
  const member = accept(invitation, await findMembers(unit.query, invitation.org_id))
  await removeInvitation(unit, invitation.invitation_id)
  await insertMember(unit, member)
  return member.value
}
