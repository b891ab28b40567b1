/**
 * Erases an asset, with a token that only erases and is requested for this one time: the token of
 * the other pages reads.
 */

import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { toast } from 'sonner'
import { eraseTelemetry } from '../../api/telemetry.ts'
import { useChange } from '../../state/change.ts'
import { useHere } from '../../state/session.ts'
import { t } from '../../texts/index.ts'
import { Twins } from '../../ui/code.tsx'
import { Dialog, DialogForm } from '../../ui/dialog.tsx'
import { TextField } from '../../ui/field.tsx'
import { Notice } from '../../ui/panel.tsx'
import { miotOf, word } from '../../ui/shell-words.ts'
import { pathOf } from './readings/queries.ts'

export function EraseDialog(props: { readonly asset_id: string; readonly onClose: () => void }) {
  const { asset_id, onClose } = props
  const { org_id: org, environment, admin, refusal } = useHere()
  const navigate = useNavigate()
  const [typed, setTyped] = useState('')
  const erase = useChange({
    change: () => eraseTelemetry(pathOf(asset_id), admin),
    invalidates: ['assets', 'audit'],
    done: t.assets.erase.done(asset_id),
    async after({ compacted }) {
      if (!compacted) toast.info(t.assets.erase.notCompacted, { duration: 30_000 })
      await navigate({ to: '/$org/$environment/assets', params: { org, environment } })
    },
  })
  const matches = typed === asset_id || typed.trim() === asset_id
  return (
    <Dialog
      open
      onClose={onClose}
      title={t.assets.erase.title(asset_id)}
      about={t.assets.erase.about}
    >
      <DialogForm
        submit={t.assets.erase.open}
        look="danger"
        busy={erase.isPending}
        error={erase.error}
        refused={refusal('organization:write') ?? (matches ? null : t.assets.erase.typeIdFirst)}
        onSubmit={() => erase.mutate(undefined)}
        onCancel={onClose}
      >
        <p>{t.assets.erase.stays}</p>
        <TextField
          label={t.application.typeName(asset_id)}
          autoComplete="off"
          value={typed}
          onChange={({ target }) => setTyped(target.value)}
        />
        {erase.isPending && <Notice tone="accent">{t.assets.erase.busy}</Notice>}
        <Twins miot={miotOf('assets', 'delete', asset_id)} curl={curlOf(asset_id)} />
      </DialogForm>
    </Dialog>
  )
}

/** The token is a client's that was granted `asset:track:delete`. */
function curlOf(asset_id: string): string {
  return [
    `curl -sS -X DELETE ${word(`${location.origin}${pathOf(asset_id)}`)}`,
    '  -H "Authorization: Bearer $TOKEN"',
  ].join(' \\\n')
}
