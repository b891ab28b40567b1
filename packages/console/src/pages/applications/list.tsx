/** All applications of a place: searched and filtered by the server, filters in the address. */

import { useInfiniteQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { Boxes, FileUp, Plus, Search, SearchX, X } from 'lucide-react'
import { type ReactNode, useEffect, useState } from 'react'
import { NEEDS } from '../../state/needs.ts'
import { type ClientFilters, clientsQuery, IDLE_DAYS } from '../../state/queries.ts'
import { useHere } from '../../state/session.ts'
import { t } from '../../texts/index.ts'
import { Empty, Failure, Loading } from '../../ui/answers.tsx'
import { Button } from '../../ui/button.tsx'
import { classes } from '../../ui/classes.ts'
import { INPUT } from '../../ui/field.tsx'
import { Heading, Panel } from '../../ui/panel.tsx'
import { CreateDialog } from './create-dialog.tsx'
import { SelectionBar } from './many/bar.tsx'
import { useSelection } from './many/selection.ts'
import { Rows } from './rows.tsx'

const ROUTE = '/$org/$environment/applications'

export function Applications() {
  const here = useHere()
  const { create = false, ...filters } = useSearch({ from: `/signed-in${ROUTE}` })
  const navigate = useNavigate()
  const pages = useInfiniteQuery(clientsQuery(here, filters))
  const clients = pages.data?.pages.flatMap((page) => page.clients) ?? []
  const state = useSelection(filters)
  const filtered = Object.values(filters).some((value) => value !== undefined)
  const change = (next: ClientFilters & { create?: true | undefined }): void => {
    const params = { org: here.org_id, environment: here.environment }
    void navigate({ to: ROUTE, params, search: next, replace: true })
  }
  const createButton = (
    <Button
      look="primary"
      refused={here.refusal('clients:write')}
      onClick={() => change({ ...filters, create: true })}
    >
      <Plus aria-hidden className="size-4" />
      {t.applications.create}
    </Button>
  )
  const importButton = (
    <Button
      refused={here.refusal('clients:write')}
      onClick={() => {
        const params = { org: here.org_id, environment: here.environment }
        void navigate({ to: '/$org/$environment/applications/import', params })
      }}
    >
      <FileUp aria-hidden className="size-4" />
      {t.imports.open}
    </Button>
  )
  const actions = (
    <>
      {importButton}
      {createButton}
    </>
  )
  return (
    <>
      <Heading title={t.nav.applications} about={t.applications.about} actions={actions} />
      <Filters filters={filters} onChange={change} />
      {clients.length > 0 && (
        <SelectionBar state={state} clients={clients} hasMore={pages.hasNextPage} />
      )}
      <Panel flush className="overflow-hidden">
        {pages.isPending && <Loading lines={8} />}
        {pages.error && <Failure error={pages.error} retry={() => pages.refetch()} />}
        {pages.data && clients.length === 0 && (
          <Empty
            icon={filtered ? SearchX : Boxes}
            title={filtered ? t.applications.noneFound : t.applications.none}
            about={filtered ? t.applications.noneFoundAbout : t.applications.noneAbout}
            actions={
              filtered ? (
                <Button onClick={() => change({})}>{t.applications.clear}</Button>
              ) : (
                createButton
              )
            }
          />
        )}
        {clients.length > 0 && (
          <Rows
            clients={clients}
            hasMore={pages.hasNextPage}
            isLoading={pages.isFetchingNextPage}
            loadMore={() => void pages.fetchNextPage()}
            selected={state.selection.clients}
            onToggle={state.toggle}
            onTag={(tag) => change({ ...filters, tag })}
          />
        )}
      </Panel>
      {create && <CreateDialog onClose={() => change(filters)} />}
    </>
  )
}

/** Milliseconds after the last letter before the server is asked. */
const TYPING_MS = 250

function Filters(props: {
  readonly filters: ClientFilters
  readonly onChange: (filters: ClientFilters) => void
}) {
  const { filters, onChange } = props
  const [text, setText] = useState(filters.search ?? '')
  // biome-ignore lint/correctness/useExhaustiveDependencies: typing alone starts the clock
  useEffect(() => {
    if (text === (filters.search ?? '')) return
    const timer = setTimeout(() => onChange({ ...filters, search: text || undefined }), TYPING_MS)
    return () => clearTimeout(timer)
  }, [text])
  const toggle = (next: ClientFilters): void => onChange({ ...filters, ...next })
  return (
    <div className="mb-3 flex flex-wrap items-center gap-2">
      <div className="relative w-full sm:w-72">
        <Search
          aria-hidden
          className="pointer-events-none absolute top-2.5 left-2.5 size-4 text-muted"
        />
        <input
          type="search"
          aria-label={t.applications.search}
          placeholder={t.applications.search}
          value={text}
          onChange={({ target }) => setText(target.value)}
          className={classes(INPUT, 'pl-8')}
        />
      </div>
      <Chip
        on={filters.used === 'never'}
        onClick={() => toggle({ used: filters.used === 'never' ? undefined : 'never' })}
      >
        {t.applications.neverUsed}
      </Chip>
      <Chip
        on={filters.used === 'idle'}
        onClick={() => toggle({ used: filters.used === 'idle' ? undefined : 'idle' })}
      >
        {t.applications.idle(IDLE_DAYS)}
      </Chip>
      <Chip
        on={filters.status === 'disabled'}
        onClick={() => toggle({ status: filters.status === 'disabled' ? undefined : 'disabled' })}
      >
        {t.applications.disabled}
      </Chip>
      {NEEDS.map((need) => (
        <Chip
          key={need}
          on={filters.needs === need}
          onClick={() => toggle({ needs: filters.needs === need ? undefined : need })}
        >
          {t.requests.hygiene[need]}
        </Chip>
      ))}
      {filters.tag !== undefined && (
        <Chip on onClick={() => toggle({ tag: undefined })}>
          {t.applications.tag(filters.tag)}
          <X aria-hidden className="size-3" />
        </Chip>
      )}
    </div>
  )
}

function Chip(props: { on: boolean; onClick: () => void; children: ReactNode }) {
  return (
    <button
      type="button"
      aria-pressed={props.on}
      onClick={props.onClick}
      className={classes(
        'inline-flex h-7 items-center gap-1 rounded-full border px-3 text-xs font-medium',
        props.on
          ? 'border-accent bg-accent-soft text-accent'
          : 'border-line-strong border-dashed text-muted hover:border-solid hover:text-text',
      )}
    >
      {props.children}
    </button>
  )
}
