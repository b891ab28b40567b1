/** What an asset reported as events within the period, the newest first. */

import { useInfiniteQuery } from '@tanstack/react-query'
import { useHere } from '../../state/session.ts'
import { t } from '../../texts/index.ts'
import { Failure, Loading } from '../../ui/answers.tsx'
import { Button } from '../../ui/button.tsx'
import { Badge, Panel, type Tone } from '../../ui/panel.tsx'
import { Time } from '../../ui/time.tsx'
import type { Span } from './readings/period.ts'
import { type AssetEvent, eventsQuery } from './readings/queries.ts'

const TONES: Readonly<Record<string, Tone>> = { low: 'neutral', medium: 'warn', high: 'bad' }

export function Events(props: { readonly asset_id: string; readonly span: Span }) {
  const here = useHere()
  const pages = useInfiniteQuery(eventsQuery(here, props.asset_id, props.span))
  const events = pages.data?.pages.flatMap((page) => page.events) ?? []
  return (
    <Panel title={t.assets.events.title} flush>
      {pages.isPending && <Loading lines={3} />}
      {pages.error && <Failure error={pages.error} retry={() => pages.refetch()} />}
      {pages.data && events.length === 0 && (
        <p className="px-4 py-6 text-center text-muted">{t.assets.events.none}</p>
      )}
      <ul className="divide-y divide-line">
        {events.map((event, index) => (
          <Event
            // biome-ignore lint/suspicious/noArrayIndexKey: events have no id
            key={`${event.timestamp} ${index}`}
            event={event}
          />
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
  )
}

const KNOWN = ['asset_id', 'event_type', 'timestamp', 'severity']

function Event({ event }: { readonly event: AssetEvent }) {
  const { event_type, timestamp, severity } = event
  const more = Object.entries(event).filter(([name]) => !KNOWN.includes(name))
  return (
    <li className="px-4 py-2.5">
      <p className="flex flex-wrap items-center gap-x-2.5">
        <span className="font-medium wrap-anywhere">{event_type}</span>
        {severity !== undefined && (
          <Badge tone={TONES[severity] ?? 'neutral'}>{t.assets.events.severities[severity]}</Badge>
        )}
      </p>
      <p className="mt-0.5 text-xs wrap-anywhere text-muted">
        <Time at={timestamp} full />
        {more.map(([name, value]) => ` · ${name}: ${JSON.stringify(value)}`).join('')}
      </p>
    </li>
  )
}
