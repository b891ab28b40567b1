/** Invitations to organizations in SQLite. */

import { attempt } from '@modulariot/platform/storage'
import type { Invitation, Member } from '../../records/member.ts'
import { invitationOf } from '../member-rows.ts'
import type { Audited } from '../ports/audited-change.ts'
import type { Invited, MemberStore } from '../ports/members.ts'
import { assertAuthority } from './authority.ts'
import type { Change, ChangeUnit } from './change-unit.ts'
import type { Sqlite } from './connection.ts'
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

export function invitationStore(sqlite: Sqlite, change: Change): Invitations {
  return {
    listInvitations: (org_id) => attempt(() => listInvitations(sqlite, org_id)),
    findInvitation: (token_digest) => attempt(() => findInvitation(sqlite, token_digest)),
    createInvitation: (org_id, create, authority) =>
      change((unit) => {
        assertAuthority(sqlite, authority)
        return createInvitation(sqlite, unit, org_id, create)
      }),
    deleteInvitation: (org_id, invitation_id, remove, authority) =>
      change((unit) => {
        assertAuthority(sqlite, authority)
        const all = listInvitations(sqlite, org_id)
        const current = all.find((one) => one.invitation_id === invitation_id)
        if (current === undefined) return null
        const audit = remove(current)
        removeInvitation(sqlite, invitation_id)
        unit.changed()
        unit.audit([audit])
        return current
      }),
    acceptInvitation: (token_digest, accept) =>
      change((unit) => acceptInvitation(sqlite, unit, token_digest, accept)),
  }
}

const FIND = `SELECT ${COLUMNS} FROM invitations WHERE token_digest = ?`
const INSERT = `INSERT INTO invitations (${COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`
export const SWEEP_INVITATIONS = `DELETE FROM invitations WHERE invitation_id IN
   (SELECT invitation_id FROM invitations
    WHERE expires_at <= strftime('%Y-%m-%dT%H:%M:%fZ', ?, 'unixepoch')
    ORDER BY expires_at LIMIT ?)`

function findInvitation({ sql }: Sqlite, token_digest: string): Invitation | null {
  const row = sql(FIND).get(token_digest)
  return row === undefined ? null : invitationOf(row)
}

function createInvitation(
  sqlite: Sqlite,
  unit: ChangeUnit,
  org_id: string,
  create: (invited: Invited) => Audited<Invitation>,
): Invitation {
  const invitations = listInvitations(sqlite, org_id)
  const { value, audit } = create({ members: listMembers(sqlite, org_id), invitations })
  for (const { email, invitation_id } of invitations) {
    if (email === value.email) removeInvitation(sqlite, invitation_id)
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
  sqlite.sql(INSERT).run(...values)
  unit.changed()
  unit.audit([audit])
  return value
}

/** Null, and no change, when there is no such invitation. */
function acceptInvitation(
  sqlite: Sqlite,
  unit: ChangeUnit,
  token_digest: string,
  accept: (invitation: Invitation, members: readonly Member[]) => Audited<Member>,
): Member | null {
  const invitation = findInvitation(sqlite, token_digest)
  if (invitation === null) return null
  const member = accept(invitation, findMembers(sqlite, invitation.org_id))
  removeInvitation(sqlite, invitation.invitation_id)
  insertMember(sqlite, unit, member)
  return member.value
}
