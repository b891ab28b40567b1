/** Another role for a member, and the end of a membership. */

import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { dataOf, type Member } from '../../api/admin.ts'
import { people, type Role } from '../../api/people.ts'
import { useChange } from '../../state/change.ts'
import { homeOf, useHere, useSession } from '../../state/session.ts'
import { t } from '../../texts/index.ts'
import { Twins } from '../../ui/code.tsx'
import { Dialog, DialogForm } from '../../ui/dialog.tsx'
import { curlOf, miotOf } from '../../ui/shell-words.ts'
import { RoleField } from './role-field.tsx'

interface MemberDialogProps {
  readonly member: Member
  readonly onClose: () => void
}

export function RoleDialog({ member, onClose }: MemberDialogProps) {
  const here = useHere()
  const [role, setRole] = useState<Role>(member.role)
  const change = useChange({
    change: () =>
      dataOf(
        here.admin.PATCH('/admin/v1/members/{person_id}', {
          params: { path: { person_id: member.person_id } },
          body: { role },
        }),
      ),
    invalidates: ['members', 'session'],
    done: t.common.saved,
    after: onClose,
  })
  return (
    <Dialog open onClose={onClose} title={t.members.roleOf(member.name)}>
      <DialogForm
        submit={t.common.save}
        busy={change.isPending}
        error={change.error}
        refused={here.refusal('members:write')}
        onSubmit={() => change.mutate(undefined)}
        onCancel={onClose}
      >
        <RoleField role={role} onChange={setRole} />
        <Twins
          miot={miotOf('people', 'role', member.email, role, '--org', here.org_id)}
          curl={curlOf('PATCH', `/members/${member.person_id}`, { role })}
        />
      </DialogForm>
    </Dialog>
  )
}

export function RemoveDialog({ member, onClose }: MemberDialogProps) {
  const here = useHere()
  const goElsewhere = useGoElsewhere()
  const self = useSession().person.person_id === member.person_id
  const remove = useChange({
    change: () =>
      dataOf(
        here.admin.DELETE('/admin/v1/members/{person_id}', {
          params: { path: { person_id: member.person_id } },
        }),
      ),
    invalidates: ['members', 'session'],
    done: self ? t.members.left : t.members.removed,
    after: self ? goElsewhere : onClose,
  })
  return (
    <Dialog
      open
      onClose={onClose}
      title={self ? t.members.leaveTitle(here.membership.name) : t.members.removeTitle(member.name)}
      about={self ? t.members.leaveAbout : t.members.removeAbout}
    >
      <DialogForm
        submit={self ? t.members.leave : t.members.remove}
        look="danger"
        busy={remove.isPending}
        error={remove.error}
        refused={self ? null : here.refusal('members:write')}
        onSubmit={() => remove.mutate(undefined)}
        onCancel={onClose}
      >
        <Twins
          miot={miotOf('people', 'remove-member', member.email, '--org', here.org_id)}
          curl={curlOf('DELETE', `/members/${member.person_id}`)}
        />
      </DialogForm>
    </Dialog>
  )
}

/**
 * To another organization of the person, or to the account. The page's own session still names the
 * organization that was left, and is read again once no page of it is drawn.
 */
function useGoElsewhere(): () => Promise<void> {
  const navigate = useNavigate()
  return async () => {
    const place = homeOf(await people.session())
    if (place === null) return navigate({ to: '/account', replace: true })
    const { org_id: org, environment } = place
    const params = { org, environment }
    await navigate({ to: '/$org/$environment/applications', params, replace: true })
  }
}
