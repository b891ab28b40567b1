/** Name, tags and external id; lifetime and quota. */

import { useState } from 'react'
import type { ClientChange } from '../../api/admin.ts'
import { useHere } from '../../state/session.ts'
import { t } from '../../texts/index.ts'
import { Twins } from '../../ui/code.tsx'
import { Dialog, DialogForm } from '../../ui/dialog.tsx'
import { durationText } from '../../ui/durations.ts'
import { SelectField, TextField } from '../../ui/field.tsx'
import { miotOf } from '../../ui/shell-words.ts'
import { tagsOf } from '../../ui/tags.ts'
import { curlOfChange, useClientChange } from './change-client.ts'
import type { DialogProps } from './dialog-props.ts'

export function EditDialog({ client, onClose }: DialogProps) {
  const { refusal } = useHere()
  const [name, setName] = useState(client.name)
  const [tagText, setTagText] = useState(client.tags.join(', '))
  const [externalId, setExternalId] = useState((client.external_id as string | null) ?? '')
  const change = useClientChange(client, onClose)
  const body: ClientChange = {
    name: name.trim(),
    tags: tagsOf(tagText),
    external_id: externalId.trim() || null,
  }
  const miot = miotOf(
    ...['clients', 'update', client.client_id, '--name', name.trim()],
    ...tagsOf(tagText).flatMap((tag) => ['--tag', tag]),
    ...(externalId.trim() ? ['--external-id', externalId.trim()] : []),
  )
  return (
    <Dialog open onClose={onClose} title={t.application.edit}>
      <DialogForm
        submit={t.common.save}
        busy={change.isPending}
        error={change.error}
        refused={refusal('clients:write')}
        onSubmit={() => change.mutate(body)}
        onCancel={onClose}
      >
        <TextField
          label={t.fields.applicationName}
          required
          maxLength={200}
          value={name}
          onChange={({ target }) => setName(target.value)}
        />
        <TextField
          label={t.fields.tags}
          hint={t.applications.tagsHint}
          value={tagText}
          onChange={({ target }) => setTagText(target.value)}
        />
        <TextField
          label={t.fields.externalId}
          hint={t.applications.externalIdHint}
          maxLength={200}
          value={externalId}
          onChange={({ target }) => setExternalId(target.value)}
        />
        <Twins miot={miot} curl={curlOfChange(client, body)} />
      </DialogForm>
    </Dialog>
  )
}

/** Seconds. */
const LIFETIMES = [300, 900, 3600, 6 * 3600, 12 * 3600, 86_400] as const

export function LimitsDialog({ client, onClose }: DialogProps) {
  const { refusal } = useHere()
  const now = client.token_lifetime_seconds as number | null
  const [lifetime, setLifetime] = useState(now === null ? '' : String(now))
  const [hour, setHour] = useState(textOf(client.quota.tokens_per_hour))
  const [day, setDay] = useState(textOf(client.quota.tokens_per_day))
  const [mode, setMode] = useState(String(client.quota.mode))
  const change = useClientChange(client, onClose)
  const quota = {
    mode: mode as 'enforce',
    tokens_per_hour: hour === '' ? null : Number(hour),
    tokens_per_day: day === '' ? null : Number(day),
  }
  const body = {
    token_lifetime_seconds: lifetime === '' ? null : Number(lifetime),
    quota,
  } as ClientChange
  const choices = new Set<number>([...LIFETIMES, ...(now === null ? [] : [now])])
  // `miot` has no option that removes a lifetime.
  const removes = lifetime === '' && now !== null
  const miot = miotOf(
    ...['clients', 'update', client.client_id],
    ...(lifetime === '' ? [] : ['--token-lifetime', lifetime]),
    ...['--tokens-per-hour', hour || '0', '--tokens-per-day', day || '0', '--quota-mode', mode],
  )
  return (
    <Dialog open onClose={onClose} title={t.application.limits} about={t.application.limitsAbout}>
      <DialogForm
        submit={t.common.save}
        busy={change.isPending}
        error={change.error}
        refused={refusal('clients:write')}
        onSubmit={() => change.mutate(body)}
        onCancel={onClose}
      >
        <SelectField
          label={t.fields.tokenLifetime}
          hint={t.application.lifetimeHint}
          value={lifetime}
          onChange={({ target }) => setLifetime(target.value)}
        >
          <option value="">{t.application.audienceLifetime}</option>
          {[...choices]
            .sort((a, b) => a - b)
            .map((seconds) => (
              <option key={seconds} value={seconds}>
                {durationText(seconds)}
              </option>
            ))}
        </SelectField>
        <div className="grid gap-4 sm:grid-cols-2">
          <TextField
            label={t.application.tokensPerHour}
            type="number"
            min={1}
            placeholder={t.application.noQuota}
            value={hour}
            onChange={({ target }) => setHour(target.value)}
          />
          <TextField
            label={t.application.tokensPerDay}
            type="number"
            min={1}
            placeholder={t.application.noQuota}
            value={day}
            onChange={({ target }) => setDay(target.value)}
          />
        </div>
        <SelectField
          label={t.application.quotaMode}
          value={mode}
          onChange={({ target }) => setMode(target.value)}
        >
          <option value="enforce">{t.application.quotaEnforce}</option>
          <option value="observe">{t.application.quotaObserve}</option>
        </SelectField>
        <Twins {...(!removes && { miot })} curl={curlOfChange(client, body)} />
      </DialogForm>
    </Dialog>
  )
}

function textOf(value: unknown): string {
  return typeof value === 'number' ? String(value) : ''
}
