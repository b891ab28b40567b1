/** Rotate with overlap, add, and end a secret. */

import { useState } from 'react'
import { dataOf } from '../../api/admin.ts'
import { useChange } from '../../state/change.ts'
import { useHere } from '../../state/session.ts'
import { t } from '../../texts/index.ts'
import { Twins } from '../../ui/code.tsx'
import { Dialog, DialogForm } from '../../ui/dialog.tsx'
import { TextField } from '../../ui/field.tsx'
import { DEFAULT_OVERLAP, OverlapField } from '../../ui/overlap-field.tsx'
import { Notice } from '../../ui/panel.tsx'
import { curlOf, miotOf } from '../../ui/shell-words.ts'
import { SecretOnce } from '../applications/secret-once.tsx'
import { STALE } from './change-client.ts'
import type { DialogProps } from './dialog-props.ts'

export function RotateDialog({ client, onClose }: DialogProps) {
  const here = useHere()
  const { client_id } = client
  const [overlap, setOverlap] = useState<number>(DEFAULT_OVERLAP)
  const [label, setLabel] = useState('')
  const body = { overlap_seconds: overlap, ...(label !== '' && { label }) }
  const rotate = useChange({
    change: () =>
      dataOf(
        here.admin.POST('/admin/v1/clients/{client_id}/secrets/rotate', {
          params: { path: { client_id }, header: { 'Idempotency-Key': crypto.randomUUID() } },
          body,
        }),
      ),
    invalidates: STALE,
  })
  if (rotate.data) return <NewSecret {...{ client, onClose }} secret={rotate.data.client_secret} />
  return (
    <Dialog open onClose={onClose} title={t.secrets.rotateTitle} about={t.secrets.rotateAbout}>
      <DialogForm
        submit={t.secrets.rotate}
        busy={rotate.isPending}
        error={rotate.error}
        refused={here.refusal('clients:write')}
        onSubmit={() => rotate.mutate(undefined)}
        onCancel={onClose}
      >
        <OverlapField value={overlap} onChange={setOverlap} />
        <TextField
          label={t.secrets.label}
          hint={t.secrets.labelHint}
          maxLength={100}
          value={label}
          onChange={({ target }) => setLabel(target.value)}
        />
        <Twins
          miot={miotOf(
            'secrets',
            'rotate',
            client_id,
            '--overlap',
            `${overlap}s`,
            ...(label ? ['--label', label] : []),
          )}
          curl={curlOf('POST', `/clients/${client_id}/secrets/rotate`, body)}
        />
      </DialogForm>
    </Dialog>
  )
}

export function AddSecretDialog({ client, onClose }: DialogProps) {
  const here = useHere()
  const { client_id } = client
  const [label, setLabel] = useState('')
  const body = label === '' ? {} : { label }
  const add = useChange({
    change: () =>
      dataOf(
        here.admin.POST('/admin/v1/clients/{client_id}/secrets', {
          params: { path: { client_id }, header: { 'Idempotency-Key': crypto.randomUUID() } },
          body,
        }),
      ),
    invalidates: STALE,
  })
  if (add.data) return <NewSecret {...{ client, onClose }} secret={add.data.client_secret} />
  return (
    <Dialog open onClose={onClose} title={t.secrets.add} about={t.secrets.addAbout}>
      <DialogForm
        submit={t.secrets.add}
        busy={add.isPending}
        error={add.error}
        refused={here.refusal('clients:write')}
        onSubmit={() => add.mutate(undefined)}
        onCancel={onClose}
      >
        <TextField
          label={t.secrets.label}
          hint={t.secrets.labelHint}
          maxLength={100}
          value={label}
          onChange={({ target }) => setLabel(target.value)}
        />
        <Twins
          miot={miotOf('secrets', 'add', client_id, ...(label ? ['--label', label] : []))}
          curl={curlOf('POST', `/clients/${client_id}/secrets`, body)}
        />
      </DialogForm>
    </Dialog>
  )
}

function NewSecret(props: DialogProps & { readonly secret: unknown }) {
  const { client, onClose, secret } = props
  const { client_id, name, default_audience, grants } = client
  return (
    <SecretOnce
      title={t.secrets.newTitle}
      name={name}
      client_id={client_id}
      client_secret={String(secret ?? '')}
      audience={(default_audience as string | null) ?? grants[0]?.audience ?? ''}
      onDone={onClose}
    />
  )
}

export function EndSecretDialog(props: DialogProps & { readonly secret_id: string }) {
  const { client, onClose, secret_id } = props
  const here = useHere()
  const { client_id } = client
  const secret = client.secrets.find((one) => one.secret_id === secret_id)
  const end = useChange({
    change: () =>
      dataOf(
        here.admin.DELETE('/admin/v1/clients/{client_id}/secrets/{secret_id}', {
          params: { path: { client_id, secret_id } },
        }),
      ),
    invalidates: STALE,
    done: t.secrets.wasEnded,
    after: onClose,
  })
  return (
    <Dialog
      open
      onClose={onClose}
      title={t.secrets.endTitle(secret?.label ?? secret_id)}
      about={t.secrets.endAbout}
    >
      <DialogForm
        submit={t.secrets.endNow}
        look="danger"
        busy={end.isPending}
        error={end.error}
        refused={here.refusal('clients:write')}
        onSubmit={() => end.mutate(undefined)}
        onCancel={onClose}
      >
        {client.secrets.length === 1 && <Notice tone="bad">{t.secrets.endOnly}</Notice>}
        <Twins
          miot={miotOf('secrets', 'revoke', client_id, secret_id)}
          curl={curlOf('DELETE', `/clients/${client_id}/secrets/${secret_id}`)}
        />
      </DialogForm>
    </Dialog>
  )
}
