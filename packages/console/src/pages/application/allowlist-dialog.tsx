/** The addresses from which it may connect. */

import { useQuery } from '@tanstack/react-query'
import { Plus } from 'lucide-react'
import { useState } from 'react'
import type { ClientChange } from '../../api/admin.ts'
import { people } from '../../api/people.ts'
import { useHere } from '../../state/session.ts'
import { t } from '../../texts/index.ts'
import { Button } from '../../ui/button.tsx'
import { classes } from '../../ui/classes.ts'
import { Twins } from '../../ui/code.tsx'
import { Dialog, DialogForm } from '../../ui/dialog.tsx'
import { Field, INPUT, SelectField } from '../../ui/field.tsx'
import { Notice } from '../../ui/panel.tsx'
import { miotOf } from '../../ui/shell-words.ts'
import { isRange } from '../token-lab/ranges.ts'
import { curlOfChange, useClientChange } from './change-client.ts'
import type { DialogProps } from './dialog-props.ts'
import { DryRun } from './dry-run.tsx'

const MODES = ['off', 'observe', 'enforce'] as const
type Mode = (typeof MODES)[number]

export function AllowlistDialog({ client, onClose }: DialogProps) {
  const { refusal } = useHere()
  const [mode, setMode] = useState(client.allowlist.mode as Mode)
  const [text, setText] = useState(client.allowlist.cidrs.join('\n'))
  const own = useOwnAddress()
  const change = useClientChange(client, onClose)
  const cidrs = [...new Set(text.split(/[\s,]+/).filter(Boolean))]
  const body: ClientChange = { allowlist: { mode, cidrs } }
  const bad = cidrs.find((cidr) => !isRange(cidr))
  const add = (address: string) => setText([...cidrs, address].join('\n'))
  const closed = mode === 'enforce' && cidrs.length === 0
  return (
    <Dialog open onClose={onClose} title={t.allowlist.title} about={t.allowlist.dialogAbout}>
      <DialogForm
        submit={t.common.save}
        busy={change.isPending}
        error={change.error}
        refused={refusal('clients:write')}
        onSubmit={() => change.mutate(body)}
        onCancel={onClose}
      >
        <SelectField
          label={t.allowlist.mode}
          hint={t.allowlist.about[mode]}
          value={mode}
          onChange={({ target }) => setMode(target.value as Mode)}
        >
          {MODES.map((one) => (
            <option key={one} value={one}>
              {t.allowlist.modes[one]}
            </option>
          ))}
        </SelectField>
        <Field
          label={t.allowlist.ranges}
          hint={t.allowlist.rangesHint}
          fault={bad === undefined ? null : t.allowlist.noRange(bad)}
          control={(control) => (
            <textarea
              {...control}
              rows={5}
              spellCheck={false}
              value={text}
              placeholder={'203.0.113.0/24\n2001:db8::/48'}
              onChange={({ target }) => setText(target.value)}
              className={classes(INPUT, 'h-auto py-2 font-mono text-xs')}
            />
          )}
        />
        {own !== null && !cidrs.includes(own) && (
          <Button size="small" className="self-start" onClick={() => add(own)}>
            <Plus aria-hidden className="size-3.5" />
            {t.allowlist.own(own)}
          </Button>
        )}
        <DryRun client={client} cidrs={cidrs} onAdd={add} />
        {closed && <Notice tone="bad">{t.allowlist.closed}</Notice>}
        <Twins
          miot={miotOf(
            ...['clients', 'update', client.client_id],
            ...cidrs.flatMap((cidr) => ['--allow', cidr]),
            ...['--allow-mode', mode],
          )}
          curl={curlOfChange(client, body)}
        />
      </DialogForm>
    </Dialog>
  )
}

/** As the server sees this browser. */
function useOwnAddress(): string | null {
  const { data } = useQuery({ queryKey: ['people-sessions'], queryFn: people.sessions })
  return data?.sessions.find(({ current }) => current)?.address ?? null
}
