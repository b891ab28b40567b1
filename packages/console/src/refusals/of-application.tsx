/** One application's last thirty days: tokens, refused requests, and the latest of them. */

import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { RefusalBars, TokenBars, useChartData } from '../charts/request-charts.tsx'
import { kindTotals, sum } from '../charts/steps.ts'
import { useHere } from '../state/session.ts'
import { t } from '../texts/index.ts'
import { Failure, Loading } from '../ui/answers.tsx'
import { classes } from '../ui/classes.ts'
import { Panel } from '../ui/panel.tsx'
import { kindTexts } from './kinds.ts'
import { activityQuery, refusalsQuery } from './queries.ts'
import { RefusalRows } from './rows.tsx'

const LATEST = 5

export function ActivityOfApplication({ client_id }: { readonly client_id: string }) {
  const here = useHere()
  if (here.refusal('usage:read') !== null) return null
  return (
    <>
      <Chart client_id={client_id} />
      <Latest client_id={client_id} />
    </>
  )
}

function Chart({ client_id }: { readonly client_id: string }) {
  const activity = useQuery(activityQuery(useHere(), '30d', client_id))
  const data = useChartData(activity.data, null)
  const [shown, setShown] = useState<'tokens' | 'refusals'>('tokens')
  const empty =
    shown === 'tokens'
      ? sum(data.steps.map(({ tokens }) => tokens)) === 0
      : kindTotals(data.steps).length === 0
  return (
    <Panel
      title={t.requests.ofApplication}
      about={t.requests.ofApplicationAbout}
      actions={<Switch shown={shown} onChange={setShown} />}
    >
      {activity.isPending && <Loading />}
      {activity.error && <Failure error={activity.error} retry={() => activity.refetch()} />}
      {activity.data && empty && (
        <p className="text-muted">{t.requests[shown === 'tokens' ? 'noTokens' : 'noRefusals']}</p>
      )}
      {activity.data && !empty && shown === 'tokens' && <TokenBars data={data} />}
      {activity.data && !empty && shown === 'refusals' && (
        <RefusalBars data={data} nameOf={(kind) => kindTexts(kind).name} />
      )}
    </Panel>
  )
}

function Switch(props: {
  shown: 'tokens' | 'refusals'
  onChange: (shown: 'tokens' | 'refusals') => void
}) {
  return (
    <div className="flex gap-1">
      {(['tokens', 'refusals'] as const).map((one) => (
        <button
          key={one}
          type="button"
          aria-pressed={one === props.shown}
          onClick={() => props.onChange(one)}
          className={classes(
            'h-7 rounded-md px-2.5 text-xs font-medium whitespace-nowrap',
            one === props.shown ? 'bg-accent-soft text-accent' : 'text-muted hover:bg-hover',
          )}
        >
          {t.requests[one]}
        </button>
      ))}
    </div>
  )
}

function Latest({ client_id }: { readonly client_id: string }) {
  const here = useHere()
  const filters = { period: '30d', client: client_id } as const
  const pages = useInfiniteQuery(refusalsQuery(here, filters, LATEST))
  const refusals = pages.data?.pages[0]?.refusals ?? []
  return (
    <Panel title={t.requests.list} flush>
      {pages.isPending && <Loading />}
      {pages.error && <Failure error={pages.error} retry={() => pages.refetch()} />}
      {pages.data && refusals.length === 0 && (
        <p className="p-4 text-muted">{t.requests.noneOfApplication}</p>
      )}
      <RefusalRows refusals={refusals} search={filters} ofOne />
      {refusals.length > 0 && (
        <div className="border-t border-line px-4 py-2.5">
          <Link
            to="/$org/$environment/activity"
            params={{ org: here.org_id, environment: here.environment }}
            search={filters}
            className="text-xs font-medium text-accent hover:underline"
          >
            {t.requests.all}
          </Link>
        </div>
      )}
    </Panel>
  )
}
