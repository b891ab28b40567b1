/**
 * The rows of the list: only those near the screen are drawn, and further pages load by scrolling.
 */

import { Link } from '@tanstack/react-router'
import { useWindowVirtualizer } from '@tanstack/react-virtual'
import { useEffect, useRef } from 'react'
import type { ListedClient } from '../../api/admin.ts'
import { useHere } from '../../state/session.ts'
import { t } from '../../texts/index.ts'
import { classes } from '../../ui/classes.ts'
import { Badge } from '../../ui/panel.tsx'
import { Time } from '../../ui/time.tsx'

const ROW_PX = 56
/** The next page is asked for when fewer rows than this are left below. */
const AHEAD = 30

const COLUMNS =
  'grid grid-cols-[auto_minmax(0,1fr)_auto] gap-x-4 lg:grid-cols-[auto_minmax(0,2.2fr)_6.5rem_minmax(0,1.4fr)_8rem_8rem]'

export function Rows(props: {
  readonly clients: readonly ListedClient[]
  readonly hasMore: boolean
  readonly isLoading: boolean
  readonly loadMore: () => void
  readonly onTag: (tag: string) => void
  readonly selected: ReadonlyMap<string, unknown>
  readonly onToggle: (client: ListedClient) => void
}) {
  const { clients, hasMore, isLoading, loadMore, onTag, selected, onToggle } = props
  const body = useRef<HTMLDivElement>(null)
  const rows = useWindowVirtualizer({
    count: clients.length,
    estimateSize: () => ROW_PX,
    overscan: 12,
    scrollMargin: body.current?.offsetTop ?? 0,
    getItemKey: (index) => clients[index]?.client_id ?? index,
  })
  const visible = rows.getVirtualItems()
  const last = visible.at(-1)?.index ?? 0
  useEffect(() => {
    if (hasMore && !isLoading && last >= clients.length - AHEAD) loadMore()
  }, [hasMore, isLoading, last, clients.length, loadMore])
  return (
    // Rows that are not drawn keep no table together, so the roles say what a table would.
    <div
      role="table"
      aria-label={t.nav.applications}
      aria-rowcount={hasMore ? -1 : clients.length + 1}
    >
      <div
        role="row"
        className={classes(
          COLUMNS,
          'hidden border-b border-line bg-sunken px-4 py-2 text-xs font-medium text-muted lg:grid',
        )}
      >
        <div role="columnheader" className="w-4">
          <span className="sr-only">{t.many.bar}</span>
        </div>
        <Head>{t.applications.columns.name}</Head>
        <Head>{t.applications.columns.status}</Head>
        <Head>{t.applications.columns.tags}</Head>
        <Head>{t.applications.columns.lastUsed}</Head>
        <Head>{t.applications.columns.created}</Head>
      </div>
      <div role="rowgroup" ref={body} className="relative" style={{ height: rows.getTotalSize() }}>
        {visible.map((row) => (
          <div
            key={row.key}
            className="absolute inset-x-0 border-b border-line last:border-0"
            style={{
              height: ROW_PX,
              transform: `translateY(${row.start - rows.options.scrollMargin}px)`,
            }}
          >
            <Row
              client={clients[row.index] as ListedClient}
              index={row.index}
              onTag={onTag}
              isSelected={selected.has((clients[row.index] as ListedClient).client_id)}
              onToggle={onToggle}
            />
          </div>
        ))}
      </div>
      {isLoading && (
        <p role="status" className="border-t border-line px-4 py-2 text-xs text-muted">
          {t.common.loading}
        </p>
      )}
    </div>
  )
}

const Head = ({ children }: { children: string }) => <div role="columnheader">{children}</div>

function Row(props: {
  readonly client: ListedClient
  readonly index: number
  readonly onTag: (tag: string) => void
  readonly isSelected: boolean
  readonly onToggle: (client: ListedClient) => void
}) {
  const { client, index, onTag, isSelected, onToggle } = props
  const { org_id: org, environment } = useHere()
  const { client_id, name, status, tags } = client
  return (
    <div
      role="row"
      aria-rowindex={index + 2}
      className={classes(
        COLUMNS,
        'relative h-full items-center px-4 hover:bg-hover',
        isSelected && 'bg-accent-soft',
      )}
    >
      <Cell>
        <input
          type="checkbox"
          aria-label={t.many.select(name)}
          checked={isSelected}
          onChange={() => onToggle(client)}
          className="relative z-1 block size-4 accent-accent-fill"
        />
      </Cell>
      <Cell className="min-w-0">
        <Link
          to="/$org/$environment/applications/$client_id"
          params={{ org, environment, client_id }}
          className="block truncate font-medium after:absolute after:inset-0"
        >
          {name}
        </Link>
        <span className="block truncate font-mono text-xs text-muted">{client_id}</span>
      </Cell>
      <Cell>
        <Badge tone={status === 'active' ? 'good' : 'neutral'}>
          {t.applications.status[status as 'active']}
        </Badge>
      </Cell>
      <Cell className="hidden gap-1 overflow-hidden lg:flex">
        {tags.slice(0, 3).map((tag) => (
          <button
            key={tag}
            type="button"
            onClick={() => onTag(tag)}
            className="relative z-1 max-w-28 truncate rounded border border-line bg-sunken px-1.5 py-0.5 text-xs text-muted hover:text-text"
          >
            {tag}
          </button>
        ))}
        {tags.length > 3 && <span className="text-xs text-muted">+{tags.length - 3}</span>}
      </Cell>
      <Cell className="hidden text-[0.8125rem] lg:block">
        <Time at={client.last_used_at as string | null} never={t.applications.neverUsed} />
      </Cell>
      <Cell className="hidden text-[0.8125rem] text-muted lg:block">
        <Time at={client.created_at} />
      </Cell>
    </div>
  )
}

const Cell = ({ className, children }: { className?: string; children: React.ReactNode }) => (
  <div role="cell" className={className}>
    {children}
  </div>
)
