/** Chooses the period; it is part of the address. */

import { useState } from 'react'
import { t } from '../../texts/index.ts'
import { Button } from '../../ui/button.tsx'
import { classes } from '../../ui/classes.ts'
import { INPUT } from '../../ui/field.tsx'
import { LENGTHS, type Length, localInput, type PeriodSearch } from './readings/period.ts'

export function PeriodBar(props: {
  readonly search: PeriodSearch
  readonly onChange: (search: PeriodSearch) => void
}) {
  const { search, onChange } = props
  const isOwn = search.from !== undefined && search.to !== undefined
  const [open, setOpen] = useState(isOwn)
  const current = isOwn ? null : (search.period ?? '24h')
  const choose = (period: Length): void => {
    setOpen(false)
    onChange({ period, from: undefined, to: undefined })
  }
  return (
    <div className="mb-4 flex flex-wrap items-end gap-2">
      <fieldset
        aria-label={t.assets.period.title}
        className="inline-flex gap-0.5 rounded-md border border-line bg-sunken p-0.5"
      >
        {(Object.keys(LENGTHS) as Length[]).map((name) => (
          <Choice key={name} on={!open && current === name} onClick={() => choose(name)}>
            {t.assets.period.lengths[name]}
          </Choice>
        ))}
        <Choice on={open} onClick={() => setOpen(!open)}>
          {t.assets.period.own}
        </Choice>
      </fieldset>
      {open && <OwnPeriod {...props} />}
    </div>
  )
}

function Choice(props: { on: boolean; onClick: () => void; children: string }) {
  return (
    <button
      type="button"
      aria-pressed={props.on}
      onClick={props.onClick}
      className={classes(
        'h-7 rounded px-3 text-xs font-medium',
        props.on ? 'bg-raised text-text shadow-panel' : 'text-muted hover:text-text',
      )}
    >
      {props.children}
    </button>
  )
}

function OwnPeriod(props: {
  readonly search: PeriodSearch
  readonly onChange: (search: PeriodSearch) => void
}) {
  const { search, onChange } = props
  const [from, setFrom] = useState(() => inputOf(search.from, Date.now() - LENGTHS['7d']))
  const [to, setTo] = useState(() => inputOf(search.to, Date.now()))
  const isWrong = !(Date.parse(from) < Date.parse(to))
  return (
    <form
      className="flex flex-wrap items-center gap-2"
      onSubmit={(event) => {
        event.preventDefault()
        if (isWrong) return
        const [start, end] = [new Date(from).toISOString(), new Date(to).toISOString()]
        onChange({ period: undefined, from: start, to: end })
      }}
    >
      <When label={t.assets.period.from} value={from} onChange={setFrom} />
      <When label={t.assets.period.to} value={to} onChange={setTo} />
      <Button type="submit" refused={isWrong ? t.assets.period.wrong : null}>
        {t.assets.period.show}
      </Button>
    </form>
  )
}

function When(props: { label: string; value: string; onChange: (value: string) => void }) {
  return (
    <input
      type="datetime-local"
      required
      aria-label={props.label}
      value={props.value}
      onChange={({ target }) => props.onChange(target.value)}
      className={classes(INPUT, 'h-8! w-auto! text-xs!')}
    />
  )
}

function inputOf(text: string | undefined, otherwise: number): string {
  const at = Date.parse(text ?? '')
  return localInput(Number.isNaN(at) ? otherwise : at)
}
