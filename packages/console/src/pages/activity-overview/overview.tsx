/** Activity: tokens and refused requests over time, and each refusal with cause and remedy. */

import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { Lock, SearchX, ShieldCheck } from 'lucide-react'
import type { RefusedRequest } from '../../api/admin.ts'
import { RefusalBars, TokenBars, useChartData } from '../../charts/request-charts.tsx'
import { kindTotals, sum } from '../../charts/steps.ts'
import { kindTexts } from '../../refusals/kinds.ts'
import { activityQuery, type Period, refusalsQuery } from '../../refusals/queries.ts'
import { type ActivitySearch, RefusalRows } from '../../refusals/rows.tsx'
import { RefusalPanel } from '../../refusals/side-panel.tsx'
import { useHere } from '../../state/session.ts'
import { t } from '../../texts/index.ts'
import { Empty, Failure, Loading } from '../../ui/answers.tsx'
import { Button } from '../../ui/button.tsx'
import { Heading, Panel } from '../../ui/panel.tsx'
import { Filters, PeriodSwitch } from './filters.tsx'
import { HygieneCards } from './hygiene.tsx'

const ROUTE = '/$org/$environment/activity'
export const DEFAULT_PERIOD: Period = '7d'

/** Hours in a bar. */
const BAR_HOURS = { '24h': 1, '7d': 6, '30d': 24 } as const

type Change = (next: ActivitySearch) => void

export function ActivityOverview() {
  const here = useHere()
  const search = useSearch({ from: `/signed-in${ROUTE}` })
  const navigate = useNavigate()
  const change: Change = (next) => {
    const params = { org: here.org_id, environment: here.environment }
    void navigate({ to: ROUTE, params, search: next, resetScroll: false })
  }
  const refused = here.refusal('usage:read')
  const period = search.period ?? DEFAULT_PERIOD
  return (
    <>
      <Heading
        title={t.nav.activity}
        about={t.requests.about}
        actions={
          refused === null && (
            <PeriodSwitch
              period={period}
              onChange={(next) =>
                change({ ...search, period: next === DEFAULT_PERIOD ? undefined : next })
              }
            />
          )
        }
      />
      {refused === null ? (
        <Content search={search} period={period} change={change} />
      ) : (
        <Panel>
          <Empty icon={Lock} title={t.failures.forbiddenTitle} about={refused} />
        </Panel>
      )}
    </>
  )
}

function Content(props: { search: ActivitySearch; period: Period; change: Change }) {
  const { search, period, change } = props
  const { kind, client, refusal: open } = search
  const here = useHere()
  const activity = useQuery(activityQuery(here, period, client))
  const data = useChartData(activity.data, client === undefined ? BAR_HOURS[period] : null)
  const pages = useInfiniteQuery(refusalsQuery(here, { period, kind, client }))
  const refusals = pages.data?.pages.flatMap((page) => page.refusals) ?? []
  const kinds = kindTotals(data.steps)
  return (
    <div className="flex flex-col gap-6">
      <Filters search={search} kinds={withOthers(kinds, refusals)} onChange={change} />
      {activity.error ? (
        <Panel>
          <Failure error={activity.error} retry={() => activity.refetch()} />
        </Panel>
      ) : (
        <div className="grid grid-cols-[minmax(0,1fr)] items-stretch gap-6 lg:grid-cols-[repeat(2,minmax(0,1fr))]">
          <Panel
            title={t.requests.tokens}
            about={client === undefined ? t.requests.tokensAbout : t.requests.byDay}
          >
            {activity.isPending ? (
              <Loading lines={6} />
            ) : sum(data.steps.map(({ tokens }) => tokens)) === 0 ? (
              <Quiet title={t.requests.noTokens} about={t.requests.noTokensAbout} />
            ) : (
              <TokenBars data={data} />
            )}
          </Panel>
          <Panel
            title={t.requests.refusals}
            about={client === undefined ? t.requests.refusalsAbout : t.requests.byDay}
          >
            {activity.isPending ? (
              <Loading lines={6} />
            ) : kinds.length === 0 ? (
              <Quiet title={t.requests.noRefusals} />
            ) : (
              <RefusalBars
                data={data}
                kind={kind}
                nameOf={(one) => kindTexts(one).name}
                onPick={(one) => change({ ...search, kind: one === kind ? undefined : one })}
              />
            )}
          </Panel>
        </div>
      )}
      {client === undefined && <HygieneCards />}
      <List search={search} refusals={refusals} pages={pages} change={change} />
      {open !== undefined && (
        <RefusalPanel
          id={open}
          known={refusals.find(({ id }) => id === open)}
          onClose={() => change({ ...search, refusal: undefined })}
          onFilter={(filter) => change({ ...search, refusal: undefined, ...filter })}
        />
      )}
    </div>
  )
}

/** Refusals of no known application are in the list alone. */
function withOthers(
  kinds: readonly (readonly [string, number])[],
  refusals: readonly RefusedRequest[],
): (readonly [string, number])[] {
  const known = new Set(kinds.map(([kind]) => kind))
  const others = Map.groupBy(
    refusals.filter(({ kind }) => !known.has(kind)),
    ({ kind }) => kind,
  )
  const counted = [...others].map(
    ([kind, members]) => [kind, sum(members.map(({ times }) => times))] as const,
  )
  return [...kinds, ...counted]
}

const Quiet = ({ title, about }: { title: string; about?: string }) => (
  <div className="grid h-full min-h-40 place-content-center text-center">
    <p className="font-medium">{title}</p>
    {about && <p className="mt-1 text-muted">{about}</p>}
  </div>
)

interface Pages {
  readonly isPending: boolean
  readonly error: Error | null
  readonly hasNextPage: boolean
  readonly isFetchingNextPage: boolean
  readonly refetch: () => unknown
  readonly fetchNextPage: () => unknown
}

function List(props: {
  search: ActivitySearch
  refusals: readonly RefusedRequest[]
  pages: Pages
  change: Change
}) {
  const { search, refusals, pages, change } = props
  const filtered = search.kind !== undefined || search.client !== undefined
  const none = !pages.isPending && !pages.error && refusals.length === 0
  return (
    <Panel title={t.requests.list} about={t.requests.listAbout} flush>
      {pages.isPending && <Loading lines={8} />}
      {pages.error && <Failure error={pages.error} retry={() => void pages.refetch()} />}
      {none && (
        <Empty
          icon={filtered ? SearchX : ShieldCheck}
          title={filtered ? t.requests.noneFound : t.requests.none}
          about={filtered ? t.requests.noneFoundAbout : t.requests.noneAbout}
          actions={
            filtered && (
              <Button onClick={() => change({ period: search.period })}>
                {t.requests.clearAll}
              </Button>
            )
          }
        />
      )}
      <RefusalRows refusals={refusals} search={search} />
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
