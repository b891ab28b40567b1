/** Invitations as rows of PostgreSQL. */

import type { RunQuery } from '@modulariot/platform/postgres'
import type { Invitation } from '../../records/member.ts'
import { invitationOf } from '../member-rows.ts'
import { withoutNul } from '../without-nul.ts'
import type { ChangeUnit } from './change-unit.ts'

export const COLUMNS =
  'invitation_id, org_id, email, role, token_digest, expires_at, created_at, invited_by'
const LIST = `SELECT ${COLUMNS} FROM auth.invitations
   WHERE org_id = $1 ORDER BY created_at, invitation_id`

export async function listInvitations(query: RunQuery, org_id: string): Promise<Invitation[]> {
  return (await query(LIST, [withoutNul(org_id)])).rows.map(invitationOf)
}

export async function removeInvitation(
  { query }: ChangeUnit,
  invitation_id: string,
): Promise<void> {
  await query('DELETE FROM auth.invitations WHERE invitation_id = $1', [invitation_id])
}
