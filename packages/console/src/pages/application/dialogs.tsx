/** The dialogs of one application, by the name in the address. */

import type { Client } from '../../api/admin.ts'
import { AccessDialog } from './access-dialog.tsx'
import { AllowlistDialog } from './allowlist-dialog.tsx'
import { useDialogName } from './dialog-name.ts'
import { EditDialog, LimitsDialog } from './edit-dialogs.tsx'
import { DeleteDialog, RevokeTokensDialog, StatusDialog } from './end-dialogs.tsx'
import { AddSecretDialog, EndSecretDialog, RotateDialog } from './secret-dialogs.tsx'

export function Dialogs({ client }: { readonly client: Client }) {
  const [name, open] = useDialogName()
  const props = { client, onClose: () => open(undefined) }
  if (name?.startsWith('end-')) return <EndSecretDialog {...props} secret_id={name.slice(4)} />
  switch (name) {
    case 'rotate':
      return <RotateDialog {...props} />
    case 'add-secret':
      return <AddSecretDialog {...props} />
    case 'edit':
      return <EditDialog {...props} />
    case 'limits':
      return <LimitsDialog {...props} />
    case 'access':
      return <AccessDialog {...props} />
    case 'allowlist':
      return <AllowlistDialog {...props} />
    case 'disable':
      return <StatusDialog {...props} status="disabled" />
    case 'enable':
      return <StatusDialog {...props} status="active" />
    case 'revoke-tokens':
      return <RevokeTokensDialog {...props} />
    case 'delete':
      return <DeleteDialog {...props} />
    default:
      return null
  }
}
