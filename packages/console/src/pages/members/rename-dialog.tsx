/** Another name for the organization; its id stays. */

import { useState } from 'react'
import { dataOf } from '../../api/admin.ts'
import { useChange } from '../../state/change.ts'
import { useHere } from '../../state/session.ts'
import { t } from '../../texts/index.ts'
import { Twins } from '../../ui/code.tsx'
import { Dialog, DialogForm } from '../../ui/dialog.tsx'
import { TextField } from '../../ui/field.tsx'
import { curlOf, miotOf } from '../../ui/shell-words.ts'

export function RenameDialog({ onClose }: { readonly onClose: () => void }) {
  const { admin, membership, org_id, refusal } = useHere()
  const [typed, setTyped] = useState(membership.name)
  const name = typed.trim()
  const rename = useChange({
    change: () => dataOf(admin.PATCH('/admin/v1/organization', { body: { name } })),
    invalidates: ['session', 'audit'],
    done: t.common.saved,
    after: onClose,
  })
  return (
    <Dialog
      open
      onClose={onClose}
      title={t.organizations.renameTitle(membership.name)}
      about={t.organizations.renameAbout}
    >
      <DialogForm
        submit={t.common.save}
        busy={rename.isPending}
        error={rename.error}
        refused={refusal('organization:write')}
        onSubmit={() => rename.mutate(undefined)}
        onCancel={onClose}
      >
        <TextField
          label={t.fields.name}
          required
          autoComplete="off"
          value={typed}
          onChange={({ target }) => setTyped(target.value)}
        />
        <Twins
          miot={miotOf('orgs', 'rename', org_id, name)}
          curl={curlOf('PATCH', '/organization', { name })}
        />
      </DialogForm>
    </Dialog>
  )
}
