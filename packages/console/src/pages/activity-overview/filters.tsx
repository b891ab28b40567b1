/** What of the activity is shown; all of it is in the address. */

import { useQuery } from '@tanstack/react-query'
import { X } from 'lucide-react'
import { useDeferredValue, useId, useState } from 'react'
import { dataOf } from '../../api/admin.ts'
import { ApplicationName } from '../../refusals/application-name.tsx'
import { kindTexts } from '../../refusals/kinds.ts'
import { PERIODS, type Period } from '../../refusals/queries.ts'
import type { ActivitySearch } from '../../refusals/rows.tsx'
import { useHere } from '../../state/session.ts'
import { t } from '../../texts/index.ts'
import { classes } from '../../ui/classes.ts'
import { INPUT } from '../../ui/field.tsx'

export function PeriodSwitch(props: { period: Period; onChange: (period: Period) => void }) {
  return (
    <fieldset
      aria-label={t.requests.period}
      className="flex gap-0.5 rounded-md border border-line bg-sunken p-0.5"
    >
      {PERIODS.map((one) => (
        <button
          key={one}
          type="button"
          aria-pressed={one === props.period}
          onClick={() => props.onChange(one)}
          className={classes(
            'h-7 rounded px-3 text-xs font-medium',
            one === props.period
              ? 'bg-raised text-text shadow-panel'
              : 'text-muted hover:text-text',
          )}
        >
          {t.requests.periods[one]}
        </button>
      ))}
    </fieldset>
  )
}

export function Filters(props: {
  readonly search: ActivitySearch
  /** Those that occurred, with how often. */
  readonly kinds: readonly (readonly [kind: string, total: number])[]
  readonly onChange: (search: ActivitySearch) => void
}) {
  const { search, kinds, onChange } = props
  const { kind, client } = search
  const known = kinds.some(([one]) => one === kind) || kind === undefined
  const all = known ? kinds : [[kind, 0] as const, ...kinds]
  return (
    <div className="flex flex-wrap items-center gap-2">
      <select
        aria-label={t.requests.kind}
        value={kind ?? ''}
        onChange={({ target }) => onChange({ ...search, kind: target.value || undefined })}
        className={classes(INPUT, 'w-full pr-7 sm:w-64')}
      >
        <option value="">{t.requests.allKinds}</option>
        {all.map(([one, total]) => (
          <option key={one} value={one}>
            {t.requests.kindCount(kindTexts(one).name, total)}
          </option>
        ))}
      </select>
      {client === undefined ? (
        <ApplicationField onChoose={(chosen) => onChange({ ...search, client: chosen })} />
      ) : (
        <button
          type="button"
          onClick={() => onChange({ ...search, client: undefined })}
          className="inline-flex h-9 items-center gap-1.5 rounded-md border border-accent bg-accent-soft px-3 text-[0.8125rem] font-medium text-accent"
        >
          <ApplicationName client_id={client} />
          <X aria-hidden className="size-3.5" />
          <span className="sr-only">{t.requests.clear(t.requests.application)}</span>
        </button>
      )}
    </div>
  )
}

/** As many as a list of proposals shows. */
const FOUND = 10

/** Searched on the server, since there may be ten thousand. */
function ApplicationField({ onChoose }: { readonly onChoose: (client_id: string) => void }) {
  const here = useHere()
  const id = useId()
  const [text, setText] = useState('')
  const search = useDeferredValue(text.trim())
  const { data } = useQuery({
    queryKey: ['palette', here.org_id, here.environment, search],
    enabled: search !== '',
    queryFn: ({ signal }) =>
      dataOf(
        here.admin.GET('/admin/v1/clients', {
          params: { query: { search, limit: FOUND } },
          signal,
        }),
      ),
  })
  const choose = (value: string): void => {
    setText(value)
    if (data?.clients.some(({ client_id }) => client_id === value)) onChoose(value)
  }
  return (
    <form
      className="w-full sm:w-72"
      onSubmit={(event) => {
        event.preventDefault()
        const [first] = data?.clients ?? []
        if (first !== undefined) onChoose(first.client_id)
      }}
    >
      <input
        type="search"
        list={id}
        aria-label={t.requests.application}
        placeholder={`${t.requests.application}: ${t.requests.applicationPlaceholder}`}
        value={text}
        autoComplete="off"
        onChange={({ target }) => choose(target.value)}
        className={INPUT}
      />
      <datalist id={id}>
        {data?.clients.map(({ client_id, name }) => (
          <option key={client_id} value={client_id}>
            {name}
          </option>
        ))}
      </datalist>
    </form>
  )
}
