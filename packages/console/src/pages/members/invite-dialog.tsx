/** Invites by e-mail, or by a link to pass on where no mail is set up. */

import { useState } from 'react'
import { dataOf } from '../../api/admin.ts'
import type { Role } from '../../api/people.ts'
import { useChange } from '../../state/change.ts'
import { useHere } from '../../state/session.ts'
import { t } from '../../texts/index.ts'
import { Button } from '../../ui/button.tsx'
import { Twins } from '../../ui/code.tsx'
import { Value } from '../../ui/copy.tsx'
import { Dialog, DialogForm } from '../../ui/dialog.tsx'
import { TextField } from '../../ui/field.tsx'
import { Notice } from '../../ui/panel.tsx'
import { curlOf, miotOf } from '../../ui/shell-words.ts'
import { RoleField } from './role-field.tsx'

export function InviteDialog({ onClose }: { readonly onClose: () => void }) {
  const here = useHere()
  const [email, setEmail] = useState('')
  const [role, setRole] = useState<Role>('developer')
  const invite = useChange({
    change: () =>
      dataOf(here.admin.POST('/admin/v1/invitations', { body: { email: email.trim(), role } })),
    invalidates: ['invitations'],
  })
  if (invite.data) {
    const { link, mailed } = invite.data
    return (
      <Dialog open onClose={onClose} title={t.members.invited(email.trim())}>
        <div className="flex flex-col gap-4">
          <Notice tone="good">{mailed ? t.members.mailed : t.members.passOn}</Notice>
          {link !== null && (
            <div className="rounded-md border border-line bg-sunken px-3 py-1">
              <Value text={link} label={t.members.link} secret />
            </div>
          )}
          <div className="flex justify-end">
            <Button look="primary" onClick={onClose}>
              {t.common.done}
            </Button>
          </div>
        </div>
      </Dialog>
    )
  }
  return (
    <Dialog
      open
      onClose={onClose}
      title={t.members.invite}
      about={t.members.inviteAbout(here.membership.name)}
    >
      <DialogForm
        submit={t.members.invite}
        busy={invite.isPending}
        error={invite.error}
        refused={here.refusal('members:write')}
        onSubmit={() => invite.mutate(undefined)}
        onCancel={onClose}
      >
        <TextField
          label={t.fields.email}
          type="email"
          required
          autoComplete="off"
          value={email}
          onChange={({ target }) => setEmail(target.value)}
        />
        <RoleField role={role} onChange={setRole} />
        <Twins
          miot={miotOf(
            ...['people', 'invite', '--email', email.trim() || 'EMAIL'],
            ...['--role', role, '--org', here.org_id],
          )}
          curl={curlOf('POST', '/invitations', { email: email.trim(), role })}
        />
      </DialogForm>
    </Dialog>
  )
}
