/** The trail of changes: who did what, with before and after. */

import { useInfiniteQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { ChevronRight, History, X } from 'lucide-react'
import type { AuditEntry } from '../../api/admin.ts'
import { auditQuery } from '../../state/queries.ts'
import { useHere } from '../../state/session.ts'
import { t } from '../../texts/index.ts'
import { Empty, Failure, Loading } from '../../ui/answers.tsx'
import { Button } from '../../ui/button.tsx'
import { Heading, Panel } from '../../ui/panel.tsx'
import { Time } from '../../ui/time.tsx'
import { Chain } from './chain.tsx'

const ROUTE = '/$org/$environment/trail'

export function Activity() {
  const here = useHere()
  const filters = useSearch({ from: `/signed-in${ROUTE}` })
  const navigate = useNavigate()
  const pages = useInfiniteQuery(auditQuery(here, filters))
  const entries = pages.data?.pages.flatMap((page) => page.entries) ?? []
  const filtered = filters.target !== undefined || filters.action !== undefined
  const clear = (): void => {
    const params = { org: here.org_id, environment: here.environment }
    void navigate({ to: ROUTE, params, search: {} })
  }
  return (
    <>
      <Heading title={t.nav.trail} about={t.activity.about} />
      {filtered && (
        <div className="mb-3 flex flex-wrap gap-2">
          <button
            type="button"
            onClick={clear}
            className="inline-flex h-7 items-center gap-1 rounded-full border border-accent bg-accent-soft px-3 text-xs font-medium text-accent"
          >
            {filters.target ?? filters.action}
            <X aria-hidden className="size-3" />
            <span className="sr-only">{t.applications.clear}</span>
          </button>
        </div>
      )}
      {!filtered && <Chain />}
      <Panel flush>
        {pages.isPending && <Loading lines={8} />}
        {pages.error && <Failure error={pages.error} retry={() => pages.refetch()} />}
        {pages.data && entries.length === 0 && (
          <Empty icon={History} title={t.activity.none} about={t.activity.noneAbout} />
        )}
        <ul className="divide-y divide-line">
          {entries.map((entry) => (
            <Entry key={entry.seq} entry={entry} />
          ))}
        </ul>
        {pages.hasNextPage && (
          <div className="border-t border-line p-3 text-center">
            <Button busy={pages.isFetchingNextPage} onClick={() => void pages.fetchNextPage()}>
              {t.common.more}
            </Button>
          </div>
        )}
      </Panel>
    </>
  )
}

function Entry({ entry }: { readonly entry: AuditEntry }) {
  const { seq, action, target, at } = entry
  return (
    <li>
      <details className="group">
        <summary className="flex list-none items-center gap-3 px-4 py-2.5 hover:bg-hover">
          <ChevronRight
            aria-hidden
            className="size-4 shrink-0 text-muted transition-transform group-open:rotate-90"
          />
          <span className="grid min-w-0 flex-1 gap-x-4 lg:grid-cols-[13rem_minmax(0,1fr)_minmax(0,1fr)]">
            <span className="font-medium">{actionText(action)}</span>
            <code className="truncate font-mono text-xs leading-5 text-muted">{target.id}</code>
            <span className="truncate text-[0.8125rem] text-muted">{actorText(entry.actor)}</span>
          </span>
          <span className="min-w-24 shrink-0 text-right text-xs whitespace-nowrap text-muted">
            <Time at={at} />
          </span>
        </summary>
        <div className="flex flex-col gap-3 px-4 pt-1 pb-4 sm:pl-11">
          <p className="text-xs text-muted">
            {t.activity.entry} {seq} · {action} · <Time at={at} full /> · SHA-256{' '}
            <code className="font-mono wrap-anywhere">{entry.hash}</code>
          </p>
          <div className="grid gap-3 lg:grid-cols-2">
            <Side title={t.activity.before} value={entry.before} />
            <Side title={t.activity.after} value={entry.after} />
          </div>
        </div>
      </details>
    </li>
  )
}

function Side({ title, value }: { readonly title: string; readonly value: unknown }) {
  return (
    <div className="min-w-0">
      <p className="mb-1 text-xs font-medium text-muted">{title}</p>
      <section
        // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so the keyboard has to reach it
        tabIndex={0}
        aria-label={title}
        className="max-h-72 overflow-auto rounded-md border border-line bg-sunken p-3 font-mono text-xs"
      >
        <pre>{value === null || value === undefined ? '–' : JSON.stringify(value, null, 2)}</pre>
      </section>
    </div>
  )
}

function actionText(action: string): string {
  return (t.activity.actions as Readonly<Record<string, string>>)[action] ?? action
}

interface Actor {
  readonly kind?: string
  readonly email?: string
  readonly client_id?: string
  readonly name?: string
}

function actorText(actor: unknown): string {
  const { kind, email, client_id, name } = (actor ?? {}) as Actor
  return email ?? client_id ?? name ?? kind ?? ''
}
