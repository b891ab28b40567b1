/** The APIs that it may get tokens for, and with which scopes. */

import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { Audience, ClientChange } from '../../api/admin.ts'
import { audiencesQuery } from '../../state/queries.ts'
import { useHere } from '../../state/session.ts'
import { t } from '../../texts/index.ts'
import { Failure, Loading } from '../../ui/answers.tsx'
import { Twins } from '../../ui/code.tsx'
import { Dialog, DialogForm } from '../../ui/dialog.tsx'
import { CheckField, SelectField } from '../../ui/field.tsx'
import { miotOf } from '../../ui/shell-words.ts'
import { curlOfChange, useClientChange } from './change-client.ts'
import type { DialogProps } from './dialog-props.ts'

export function AccessDialog(props: DialogProps) {
  const audiences = useQuery(audiencesQuery(useHere()))
  return (
    <Dialog
      open
      onClose={props.onClose}
      title={t.application.access}
      about={t.application.accessChange}
      wide
    >
      {audiences.isPending && <Loading />}
      {audiences.error && <Failure error={audiences.error} />}
      {audiences.data && <Form {...props} audiences={audiences.data} />}
    </Dialog>
  )
}

function Form({ client, onClose, audiences }: DialogProps & { audiences: readonly Audience[] }) {
  const { refusal } = useHere()
  const [granted, setGranted] = useState<ReadonlyMap<string, readonly string[]>>(
    new Map(client.grants.map(({ audience, scopes }) => [audience, scopes])),
  )
  const [byDefault, setByDefault] = useState((client.default_audience as string | null) ?? '')
  const change = useClientChange(client, onClose)
  const grants = [...granted]
    .filter(([, scopes]) => scopes.length > 0)
    .map(([audience, scopes]) => ({ audience, scopes: [...scopes] }))
  const body: ClientChange = {
    grants,
    default_audience: grants.some(({ audience }) => audience === byDefault) ? byDefault : null,
  }
  const toggle = (audience: string, scope: string, on: boolean): void => {
    const scopes = granted.get(audience) ?? []
    const next = on ? [...scopes, scope] : scopes.filter((one) => one !== scope)
    setGranted(new Map(granted).set(audience, next))
  }
  const [first] = grants
  return (
    <DialogForm
      submit={t.common.save}
      busy={change.isPending}
      error={change.error}
      refused={refusal('clients:write') ?? (grants.length === 0 ? t.application.oneGrant : null)}
      onSubmit={() => change.mutate(body)}
      onCancel={onClose}
    >
      {audiences.map(({ audience, scopes }) => (
        <fieldset key={audience} className="rounded-md border border-line p-3">
          <legend className="px-1 text-[0.8125rem] font-medium wrap-anywhere">{audience}</legend>
          <div className="grid gap-2 sm:grid-cols-2">
            {scopes.map((scope) => (
              <CheckField
                key={scope}
                label={<code className="font-mono text-xs wrap-anywhere">{scope}</code>}
                checked={granted.get(audience)?.includes(scope) ?? false}
                onChange={({ target }) => toggle(audience, scope, target.checked)}
              />
            ))}
          </div>
        </fieldset>
      ))}
      <SelectField
        label={t.application.defaultAudienceField}
        hint={t.application.defaultAudienceHint}
        value={body.default_audience ?? ''}
        onChange={({ target }) => setByDefault(target.value)}
      >
        <option value="">{t.application.noDefault}</option>
        {grants.map(({ audience }) => (
          <option key={audience}>{audience}</option>
        ))}
      </SelectField>
      <Twins
        miot={miotOf(
          ...['clients', 'update', client.client_id],
          ...(first ? ['--audience', first.audience] : []),
          ...(first?.scopes ?? []).flatMap((scope) => ['--scope', scope]),
        )}
        curl={curlOfChange(client, body)}
      />
    </DialogForm>
  )
}
