/** One change to the selected applications: what it does, its progress, and what became of each. */

import { useState } from 'react'
import type { ManyChange } from '../../../api/admin.ts'
import { useHere } from '../../../state/session.ts'
import { t } from '../../../texts/index.ts'
import { Twins } from '../../../ui/code.tsx'
import { Dialog, DialogForm } from '../../../ui/dialog.tsx'
import { TextField } from '../../../ui/field.tsx'
import { DEFAULT_OVERLAP, OverlapField } from '../../../ui/overlap-field.tsx'
import { Notice } from '../../../ui/panel.tsx'
import { tagsOf } from '../../../ui/tags.ts'
import { manyTwins } from './files.ts'
import { Outcome } from './outcome.tsx'
import { Progress } from './progress.tsx'
import type { Action } from './run.ts'
import type { Selection } from './selection.ts'
import { useRun } from './use-run.ts'

export function ManyDialog(props: {
  readonly action: Action
  readonly selection: Selection
  /** @param changed whether any request was sent. */
  readonly onClose: (changed: boolean) => void
}) {
  const { action, onClose } = props
  // The list is read again during the run, which must not change what the run is about.
  const [selection] = useState(props.selection)
  const [change, setChange] = useState<ManyChange>({ action })
  const run = useRun([...selection.clients.keys()])
  const { size } = selection.clients
  // What is refused as a whole, such as a tag with a space, is corrected and sent again.
  const nothingDone = run.phase === 'done' && run.failure !== null && run.results.length === 0
  if (run.phase === 'form' || nothingDone) {
    return (
      <Dialog
        open
        onClose={() => onClose(false)}
        title={t.many.titles[action](size)}
        about={t.many.about[action]}
      >
        <Form
          action={action}
          selection={selection}
          error={run.failure}
          onCancel={() => onClose(false)}
          onSubmit={(next) => {
            setChange(next)
            void run.start(next)
          }}
        />
      </Dialog>
    )
  }
  if (run.phase !== 'done') {
    return <Progress title={t.many.titles[action](size)} {...{ action, run }} total={size} />
  }
  return (
    <Outcome
      title={t.many.titles[action](size)}
      action={action}
      selection={selection}
      run={run}
      onContinue={() => void run.start(change)}
      onDone={() => onClose(true)}
    />
  )
}

function Form(props: {
  readonly action: Action
  readonly selection: Selection
  readonly error: unknown
  readonly onSubmit: (change: ManyChange) => void
  readonly onCancel: () => void
}) {
  const { action, selection, onSubmit, onCancel } = props
  const { environment, refusal } = useHere()
  const [tagText, setTagText] = useState('')
  const [overlap, setOverlap] = useState<number>(DEFAULT_OVERLAP)
  const [label, setLabel] = useState('')
  const tags = tagsOf(tagText)
  const tagging = action === 'add_tags' || action === 'remove_tags'
  const change: ManyChange = {
    action,
    ...(tagging && { tags }),
    ...(action === 'rotate' && { overlap_seconds: overlap, ...(label !== '' && { label }) }),
  }
  const stops = action === 'disable' || (action === 'rotate' && overlap === 0)
  const noTags = tagging && tags.length === 0 ? t.many.noTags : null
  return (
    <DialogForm
      submit={t.many.submit[action]}
      look={stops ? 'danger' : 'primary'}
      busy={false}
      error={props.error}
      refused={refusal('clients:write') ?? noTags}
      onSubmit={() => onSubmit(change)}
      onCancel={onCancel}
    >
      {stops && <WhatStops selection={selection} isProduction={environment === 'production'} />}
      {tagging && (
        <TextField
          label={t.many.tags}
          hint={t.applications.tagsHint}
          value={tagText}
          onChange={({ target }) => setTagText(target.value)}
        />
      )}
      {action === 'rotate' && (
        <>
          <OverlapField value={overlap} onChange={setOverlap} />
          <TextField
            label={t.secrets.label}
            hint={t.secrets.labelHint}
            maxLength={100}
            value={label}
            onChange={({ target }) => setLabel(target.value)}
          />
        </>
      )}
      <Twins {...manyTwins(change, selection, environment)} />
    </DialogForm>
  )
}

const DAY_MS = 86_400_000

function WhatStops(props: { readonly selection: Selection; readonly isProduction: boolean }) {
  const { clients } = props.selection
  const since = new Date(Date.now() - DAY_MS).toISOString()
  const used = clients.values().filter(({ last_used_at }) => (last_used_at ?? '') >= since)
  const usedLately = t.many.usedLately(used.toArray().length)
  if (!props.isProduction) return <Notice tone="warn">{usedLately}</Notice>
  return (
    <Notice tone="bad">
      <strong className="block">{t.many.inProduction(clients.size)}</strong>
      {usedLately}
    </Notice>
  )
}
