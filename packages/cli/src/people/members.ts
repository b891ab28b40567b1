/** `miot people role` and `remove-member`: roles of persons in organizations. */

import { changeRole, getPerson, removeMember } from '@modulariot/auth'
import type { Role } from '@modulariot/auth/values'
import { onThisMachine, resolveTenant } from '../administration/local.ts'
import { type ConfirmOptions, confirmation } from '../command/confirm.ts'
import type { Context } from '../command/context.ts'

export interface MemberOptions extends ConfirmOptions {
  readonly org?: string
}

export async function giveRole(
  context: Context,
  named: string,
  role: Role,
  { org }: MemberOptions,
): Promise<void> {
  await onThisMachine(context, async (admin) => {
    const { org_id } = await resolveTenant({ org }, admin)
    const { person_id, email } = await getPerson(named, admin)
    await changeRole(org_id, person_id, role, admin)
    context.output.print({ org_id, person_id, email, role }, () => [
      `${email} is ${role} of ${org_id}.`,
    ])
  })
}

export async function endMembership(
  context: Context,
  named: string,
  options: MemberOptions,
): Promise<void> {
  const confirm = confirmation(options, 'proceeds')
  await onThisMachine(context, async (admin) => {
    const { org_id } = await resolveTenant({ org: options.org }, admin)
    const { person_id, email } = await getPerson(named, admin)
    await confirm(async () => [
      `This ends the membership of ${email} in ${org_id}.`,
      'The account, and what it is in other organizations, stay.',
    ])
    await removeMember(org_id, person_id, admin)
    context.output.print({ org_id, person_id, email }, () => [
      `${email} is no member of ${org_id} any more.`,
    ])
  })
}
