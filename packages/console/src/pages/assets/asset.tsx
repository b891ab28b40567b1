/** One asset over a period: its trail, its speed and metrics, its events, its newest values. */

import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router'
import { Download, Trash2 } from 'lucide-react'
import { useMemo, useState } from 'react'
import { useHere } from '../../state/session.ts'
import { language, t } from '../../texts/index.ts'
import { Failure, FailureLine, Loading } from '../../ui/answers.tsx'
import { Button } from '../../ui/button.tsx'
import { CopyButton } from '../../ui/copy.tsx'
import { Badge, Heading, Panel } from '../../ui/panel.tsx'
import { Time } from '../../ui/time.tsx'
import { Chart } from './chart/chart.tsx'
import { EraseDialog } from './erase-dialog.tsx'
import { Events } from './events.tsx'
import { ExportDialog } from './export-dialog.tsx'
import { ageOf } from './map/ages.ts'
import { AssetMap } from './map/map.tsx'
import { pointOf } from './map/view.ts'
import { Dot } from './marks.tsx'
import { NewestValues, preferred } from './newest.tsx'
import { PeriodBar } from './period-bar.tsx'
import type { ListedAsset } from './readings/fleet.ts'
import { type PeriodSearch, type Span, spanOf } from './readings/period.ts'
import {
  assetQuery,
  bucketsQuery,
  type MetricRow,
  newestMetricsQuery,
  type PositionRow,
  positionsQuery,
} from './readings/queries.ts'
import { bucketSeries, distanceOf, nearestRow, speedSeries, trailOf } from './readings/series.ts'
import { useNow } from './readings/use-now.ts'
import { speedText } from './readings/words.ts'

const ROUTE = '/$org/$environment/assets/$asset_id'

export interface AssetSearch extends PeriodSearch {
  /** Keys of metrics that are drawn, separated by commas. */
  readonly metrics?: string | undefined
  readonly dialog?: 'export' | 'erase' | undefined
}

export function Asset() {
  const here = useHere()
  const { asset_id = '' } = useParams({ strict: false })
  const search = useSearch({ from: `/signed-in${ROUTE}` })
  const navigate = useNavigate()
  const asset = useQuery(assetQuery(here, asset_id))
  const metrics = useQuery(newestMetricsQuery(here, asset_id))
  const { period, from, to } = search
  const span = useMemo(() => spanOf({ period, from, to }, Date.now), [period, from, to])
  const change = (next: Partial<AssetSearch>): void => {
    const params = { org: here.org_id, environment: here.environment, asset_id }
    void navigate({ to: ROUTE, params, search: { ...search, ...next }, replace: !next.dialog })
  }
  if (asset.data === undefined) {
    return (
      <>
        <Heading above={<ToList />} title={asset_id} />
        <Panel>
          {asset.error ? (
            <Failure error={asset.error} retry={() => asset.refetch()} />
          ) : (
            <Loading lines={8} />
          )}
        </Panel>
      </>
    )
  }
  const rows = metrics.data ?? []
  const drawn = search.metrics?.split(',').filter(Boolean) ?? preferred(rows)
  const close = (): void => change({ dialog: undefined })
  return (
    <>
      <Top asset={asset.data} onOpen={(dialog) => change({ dialog })} />
      <PeriodBar search={search} onChange={change} />
      <OverTime key={span.name} {...{ asset_id, span, drawn, metrics: rows }}>
        <NewestValues
          {...{ metrics: rows, drawn }}
          asset={asset.data}
          error={metrics.error}
          onDraw={(keys) => change({ metrics: keys.join(',') })}
        />
        <Events {...{ asset_id, span }} />
      </OverTime>
      {search.dialog === 'export' && (
        <ExportDialog {...{ asset_id, span }} metrics={rows} onClose={close} />
      )}
      {search.dialog === 'erase' && <EraseDialog asset_id={asset_id} onClose={close} />}
    </>
  )
}

function ToList() {
  const { org_id: org, environment } = useHere()
  return (
    <Link to="/$org/$environment/assets" params={{ org, environment }} className="hover:text-text">
      ← {t.nav.assets}
    </Link>
  )
}

function Top(props: {
  readonly asset: ListedAsset
  readonly onOpen: (dialog: 'export' | 'erase') => void
}) {
  const { asset_id, type, timestamp, last_received_at } = props.asset
  const now = useNow()
  return (
    <Heading
      above={<ToList />}
      title={
        <span className="flex flex-wrap items-center gap-2.5">
          {asset_id}
          <CopyButton text={asset_id} label={t.common.copyName('asset_id')} />
          {type !== null && <Badge>{type}</Badge>}
        </span>
      }
      about={
        <span className="flex flex-wrap items-center gap-x-1.5">
          <Dot age={ageOf(Date.parse(timestamp), now)} />
          {t.assets.reported} <Time at={timestamp} /> · {t.assets.received}{' '}
          <Time at={last_received_at} />
        </span>
      }
      actions={
        <>
          <Button onClick={() => props.onOpen('export')}>
            <Download aria-hidden className="size-4" />
            {t.assets.export.open}
          </Button>
          <Button look="quiet" onClick={() => props.onOpen('erase')}>
            <Trash2 aria-hidden className="size-4" />
            {t.assets.erase.open}
          </Button>
        </>
      }
    />
  )
}

/** The map and the charts: a time under the pointer in one shows in all. */
function OverTime(props: {
  readonly asset_id: string
  readonly span: Span
  readonly drawn: readonly string[]
  readonly metrics: readonly MetricRow[]
  readonly children: React.ReactNode
}) {
  const { asset_id, span, drawn } = props
  const here = useHere()
  const positions = useQuery(positionsQuery(here, asset_id, span))
  const [time, setTime] = useState<number | null>(null)
  const { data } = positions
  const speed = useMemo(
    () => (data === undefined ? null : speedSeries(data.rows, span.resolve().bucket.ms)),
    [data, span],
  )
  return (
    <div className="grid items-start gap-4 lg:grid-cols-[minmax(0,1fr)_22rem]">
      <div className="flex min-w-0 flex-col gap-4">
        {positions.error && (
          <Panel>
            <FailureLine error={positions.error} />
          </Panel>
        )}
        <Trail {...{ asset_id, time }} rows={data?.rows ?? null} isWhole={data?.isWhole ?? true} />
        {data !== undefined && speed !== null && (
          <Chart
            title={t.assets.speed}
            unit="km/h"
            series={speed}
            from={data.from}
            to={data.to}
            onTime={setTime}
          />
        )}
        {drawn.map((key) => (
          <MetricChart
            key={key}
            {...{ asset_id, span }}
            metric={key}
            unit={props.metrics.find((one) => one.key === key)?.unit ?? null}
            onTime={setTime}
          />
        ))}
      </div>
      <div className="flex min-w-0 flex-col gap-4">{props.children}</div>
    </div>
  )
}

function Trail(props: {
  readonly asset_id: string
  /** Null while they are read. */
  readonly rows: readonly PositionRow[] | null
  readonly isWhole: boolean
  /** Unix milliseconds. */
  readonly time: number | null
}) {
  const { asset_id, rows, isWhole, time } = props
  const now = useNow()
  const trail = useMemo(() => trailOf(rows ?? []), [rows])
  const last = rows?.at(-1)
  const places = useMemo(() => {
    if (last === undefined) return []
    const { latitude, longitude, heading, timestamp } = last
    const age = ageOf(Date.parse(timestamp), now)
    return [{ ...pointOf(latitude, longitude), id: asset_id, heading, age }]
  }, [last, asset_id, now])
  const pointed = time === null || rows === null ? null : nearestRow(rows, time)
  const distance = useMemo(() => distanceOf(rows ?? []), [rows])
  const kilometres = new Intl.NumberFormat(language, {
    maximumFractionDigits: distance < 10_000 ? 1 : 0,
  }).format(distance / 1000)
  return (
    <Panel
      title={t.assets.trail}
      about={
        rows === null
          ? t.common.loading
          : rows.length === 0
            ? t.assets.noPositions
            : `${t.assets.positions(rows.length)} · ${kilometres} km`
      }
      actions={
        pointed && (
          <span className="text-xs text-muted">
            <Time at={pointed.timestamp} full />
            {pointed.speed !== null && ` · ${speedText(pointed.speed)}`}
          </span>
        )
      }
      flush
      className="overflow-hidden"
    >
      <AssetMap
        label={t.assets.map.trailLabel(asset_id, rows?.length ?? 0)}
        places={places}
        trail={trail}
        pointed={pointed && pointOf(pointed.latitude, pointed.longitude)}
        fitKey={rows === null ? 'loading' : 'loaded'}
        className="h-72 sm:h-96"
      />
      {!isWhole && (
        <p className="border-t border-line px-4 py-2 text-xs text-muted">
          {t.assets.trailCut(rows?.length ?? 0)}
        </p>
      )}
    </Panel>
  )
}

function MetricChart(props: {
  readonly asset_id: string
  readonly metric: string
  readonly unit: string | null
  readonly span: Span
  readonly onTime: (at: number | null) => void
}) {
  const { asset_id, metric, unit, span, onTime } = props
  const here = useHere()
  const query = useQuery(bucketsQuery(here, asset_id, metric, span))
  const { data } = query
  const series = useMemo(() => data && bucketSeries(data.buckets, data.bucket.ms), [data])
  if (data !== undefined && series !== undefined) {
    return <Chart title={metric} {...{ unit, series, onTime }} from={data.from} to={data.to} />
  }
  return (
    <Panel title={metric}>
      {query.error ? <FailureLine error={query.error} /> : <Loading lines={3} />}
    </Panel>
  )
}
