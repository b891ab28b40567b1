/** Disable, enable, revoke the tokens, and delete. */

import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { dataOf } from '../../api/admin.ts'
import { useChange } from '../../state/change.ts'
import { useHere } from '../../state/session.ts'
import { t } from '../../texts/index.ts'
import { Twins } from '../../ui/code.tsx'
import { Dialog, DialogForm } from '../../ui/dialog.tsx'
import { TextField } from '../../ui/field.tsx'
import { curlOf, miotOf } from '../../ui/shell-words.ts'
import { curlOfChange, STALE, useClientChange } from './change-client.ts'
import type { DialogProps } from './dialog-props.ts'

export function StatusDialog(props: DialogProps & { readonly status: 'active' | 'disabled' }) {
  const { client, onClose, status } = props
  const { refusal } = useHere()
  const off = status === 'disabled'
  const change = useClientChange(client, onClose)
  return (
    <Dialog
      open
      onClose={onClose}
      title={off ? t.application.disableTitle(client.name) : t.application.enableTitle(client.name)}
      about={off ? t.application.disableAbout : t.application.enableAbout}
    >
      <DialogForm
        submit={off ? t.application.disable : t.application.enable}
        look={off ? 'danger' : 'primary'}
        busy={change.isPending}
        error={change.error}
        refused={refusal('clients:write')}
        onSubmit={() => change.mutate({ status })}
        onCancel={onClose}
      >
        <Twins
          miot={miotOf('clients', off ? 'disable' : 'enable', client.client_id)}
          curl={curlOfChange(client, { status })}
        />
      </DialogForm>
    </Dialog>
  )
}

export function RevokeTokensDialog({ client, onClose }: DialogProps) {
  const here = useHere()
  const { client_id } = client
  const revoke = useChange({
    change: () =>
      dataOf(
        here.admin.POST('/admin/v1/clients/{client_id}/tokens/revoke', {
          params: { path: { client_id }, header: { 'Idempotency-Key': crypto.randomUUID() } },
        }),
      ),
    invalidates: STALE,
    done: t.application.tokensRevoked,
    after: onClose,
  })
  return (
    <Dialog
      open
      onClose={onClose}
      title={t.application.revokeTokens}
      about={t.application.revokeTokensAbout}
    >
      <DialogForm
        submit={t.application.revokeTokens}
        look="danger"
        busy={revoke.isPending}
        error={revoke.error}
        refused={here.refusal('clients:write')}
        onSubmit={() => revoke.mutate(undefined)}
        onCancel={onClose}
      >
        <Twins
          miot={miotOf('clients', 'revoke-tokens', client_id)}
          curl={curlOf('POST', `/clients/${client_id}/tokens/revoke`)}
        />
      </DialogForm>
    </Dialog>
  )
}

export function DeleteDialog({ client, onClose }: DialogProps) {
  const here = useHere()
  const navigate = useNavigate()
  const [typed, setTyped] = useState('')
  const { client_id, name } = client
  const remove = useChange({
    change: async () => {
      const answer = await dataOf(
        here.admin.DELETE('/admin/v1/clients/{client_id}', { params: { path: { client_id } } }),
      )
      const params = { org: here.org_id, environment: here.environment }
      await navigate({ to: '/$org/$environment/applications', params })
      return answer
    },
    invalidates: ['clients', 'audit'],
    done: t.application.deleted(name),
  })
  const matches = typed.trim() === name.trim()
  return (
    <Dialog
      open
      onClose={onClose}
      title={t.application.deleteTitle(name)}
      about={t.application.deleteAbout}
    >
      <DialogForm
        submit={t.application.delete}
        look="danger"
        busy={remove.isPending}
        error={remove.error}
        refused={here.refusal('clients:write') ?? (matches ? null : t.application.typeNameFirst)}
        onSubmit={() => remove.mutate(undefined)}
        onCancel={onClose}
      >
        <TextField
          label={t.application.typeName(name)}
          autoComplete="off"
          value={typed}
          onChange={({ target }) => setTyped(target.value)}
        />
        <Twins
          miot={miotOf('clients', 'delete', client_id)}
          curl={curlOf('DELETE', `/clients/${client_id}`)}
        />
      </DialogForm>
    </Dialog>
  )
}
