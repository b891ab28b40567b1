/** Invitations as rows of SQLite. */

import type { Invitation } from '../../records/member.ts'
import { invitationOf } from '../member-rows.ts'
import type { Sqlite } from './connection.ts'

export const COLUMNS =
  'invitation_id, org_id, email, role, token_digest, expires_at, created_at, invited_by'
const LIST = `SELECT ${COLUMNS} FROM invitations
   WHERE org_id = ? ORDER BY created_at, invitation_id`

export function listInvitations({ sql }: Sqlite, org_id: string): Invitation[] {
  return sql(LIST).all(org_id).map(invitationOf)
}

export function removeInvitation({ sql }: Sqlite, invitation_id: string): void {
  sql('DELETE FROM invitations WHERE invitation_id = ?').run(invitation_id)
}
