/** All assets with their newest positions, as a list and on a map, live. */

import { csvLine } from '@modulariot/platform/csv-line'
import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import { Download, Search, SearchX } from 'lucide-react'
import { useEffect, useMemo, useState } from 'react'
import { useHere } from '../../state/session.ts'
import { t } from '../../texts/index.ts'
import { Empty, Failure, FailureLine, Loading } from '../../ui/answers.tsx'
import { Button } from '../../ui/button.tsx'
import { classes } from '../../ui/classes.ts'
import { download } from '../../ui/download.ts'
import { INPUT } from '../../ui/field.tsx'
import { Heading, Notice, Panel } from '../../ui/panel.tsx'
import { relative } from '../../ui/time.tsx'
import { FirstReport } from './first-report.tsx'
import { AGES, type Age, ageOf, countAges } from './map/ages.ts'
import type { Place } from './map/clusters.ts'
import { AssetMap } from './map/map.tsx'
import { pointOf } from './map/view.ts'
import { Dot, LiveBadge } from './marks.tsx'
import type { Newest } from './readings/fleet.ts'
import { type Fleet, useFleet } from './readings/use-fleet.ts'
import { useNow } from './readings/use-now.ts'
import { speedText } from './readings/words.ts'
import { AssetRows } from './rows.tsx'

const ROUTE = '/$org/$environment/assets'

export interface AssetFilters {
  readonly search?: string | undefined
  readonly age?: Age | undefined
  readonly sort?: 'newest' | undefined
}

export function Assets() {
  const here = useHere()
  const filters = useSearch({ from: `/signed-in${ROUTE}` })
  const navigate = useNavigate()
  const search = filters.search ?? ''
  const fleet = useFleet(here, search)
  const now = useNow()
  const change = (next: AssetFilters): void => {
    const params = { org: here.org_id, environment: here.environment }
    void navigate({ to: ROUTE, params, search: next, replace: true })
  }
  const shown = useMemo(() => filtered(fleet.assets, filters, now), [fleet.assets, filters, now])
  const isEmpty = !fleet.isPending && fleet.error === null && fleet.assets.length === 0
  return (
    <>
      <Heading
        title={
          <span className="flex flex-wrap items-center gap-2.5">
            {t.nav.assets}
            <LiveBadge state={fleet.live} />
          </span>
        }
        about={t.assets.about}
        actions={
          shown.length > 0 && (
            <Button onClick={() => download('assets.csv', csvOf(shown))}>
              <Download aria-hidden className="size-4" />
              {t.assets.downloadList}
            </Button>
          )
        }
      />
      {fleet.error !== null && fleet.assets.length === 0 ? (
        <Panel>
          <Failure error={fleet.error} retry={fleet.retry} />
        </Panel>
      ) : isEmpty && search === '' ? (
        <FirstReport />
      ) : (
        <>
          <Filters {...{ filters, fleet, now }} onChange={change} />
          {fleet.isCut && (
            <div className="mb-3">
              <Notice tone="warn">{t.assets.cut(fleet.assets.length)}</Notice>
            </div>
          )}
          <Found {...{ fleet, shown, now, search }} filters={filters} onChange={change} />
        </>
      )}
    </>
  )
}

function filtered(
  assets: readonly Newest[],
  { age, sort }: AssetFilters,
  now: number,
): readonly Newest[] {
  const kept = age === undefined ? assets : assets.filter(({ at }) => ageOf(at, now) === age)
  return sort === 'newest' ? kept.toSorted((one, other) => other.at - one.at) : kept
}

function Found(props: {
  readonly fleet: Fleet
  readonly shown: readonly Newest[]
  readonly now: number
  readonly search: string
  readonly filters: AssetFilters
  readonly onChange: (filters: AssetFilters) => void
}) {
  const { fleet, shown, now, search, filters } = props
  const here = useHere()
  const [pinned, setPinned] = useState<string | null>(null)
  const [pointed, setPointed] = useState<string | null>(null)
  const places = useMemo(() => placesOf(shown, now), [shown, now])
  const known = useMemo(() => new Map(shown.map((asset) => [asset.asset_id, asset])), [shown])
  const params = { org: here.org_id, environment: here.environment }
  return (
    <div className="grid items-start gap-4 lg:grid-cols-[minmax(0,23rem)_minmax(0,1fr)]">
      <Panel flush className="overflow-hidden lg:sticky lg:top-8 lg:order-last">
        <AssetMap
          label={t.assets.map.label(places.length)}
          places={places}
          selected={pointed ?? pinned}
          onSelect={setPinned}
          fitKey={`${search} ${filters.age} ${fleet.isPending}`}
          moreKey={fleet.isLoading ? 'some' : 'all'}
          className="h-80 lg:h-[calc(100dvh-13rem)] lg:min-h-96"
          card={({ id, age }) => {
            const asset = known.get(id)
            return (
              <>
                <Link
                  to="/$org/$environment/assets/$asset_id"
                  params={{ ...params, asset_id: id }}
                  className="block truncate text-[0.8125rem] font-semibold text-accent hover:underline"
                >
                  {id}
                </Link>
                <p className="mt-0.5 flex items-center gap-1.5 text-muted">
                  <Dot age={age} />
                  {asset?.position && relative(asset.position.at, now)}
                  {typeof asset?.position?.speed === 'number' &&
                    ` · ${speedText(asset.position.speed)}`}
                </p>
              </>
            )
          }}
        />
      </Panel>
      <Panel flush className="overflow-hidden">
        {fleet.isPending && <Loading lines={8} />}
        {fleet.error && (
          <div className="p-3">
            <FailureLine error={fleet.error} />
          </div>
        )}
        {!fleet.isPending && fleet.error === null && shown.length === 0 && (
          <Empty
            icon={SearchX}
            title={t.assets.noneFound}
            about={t.assets.noneFoundAbout}
            actions={<Button onClick={() => props.onChange({})}>{t.applications.clear}</Button>}
          />
        )}
        {shown.length > 0 && (
          <AssetRows assets={shown} now={now} isLoading={fleet.isLoading} onPoint={setPointed} />
        )}
      </Panel>
    </div>
  )
}

function placesOf(assets: readonly Newest[], now: number): readonly Place[] {
  return assets.flatMap(({ asset_id: id, position }) => {
    if (position === null) return []
    const { latitude, longitude, heading, at } = position
    return [{ ...pointOf(latitude, longitude), id, heading, age: ageOf(at, now) }]
  })
}

/** Milliseconds after the last letter before the server is asked. */
const TYPING_MS = 250

function Filters(props: {
  readonly filters: AssetFilters
  readonly fleet: Fleet
  readonly now: number
  readonly onChange: (filters: AssetFilters) => void
}) {
  const { filters, fleet, now, onChange } = props
  const [text, setText] = useState(filters.search ?? '')
  // biome-ignore lint/correctness/useExhaustiveDependencies: typing alone starts the clock
  useEffect(() => {
    if (text === (filters.search ?? '')) return
    const timer = setTimeout(() => onChange({ ...filters, search: text || undefined }), TYPING_MS)
    return () => clearTimeout(timer)
  }, [text])
  const counts = countAges(
    fleet.assets.map(({ at }) => at),
    now,
  )
  return (
    <div className="mb-3 flex flex-wrap items-center gap-2">
      <div className="relative w-full sm:w-56">
        <Search
          aria-hidden
          className="pointer-events-none absolute top-2.5 left-2.5 size-4 text-muted"
        />
        <input
          type="search"
          aria-label={t.assets.search}
          placeholder={t.assets.search}
          value={text}
          onChange={({ target }) => setText(target.value)}
          className={classes(INPUT, 'pl-8')}
        />
      </div>
      {AGES.map(({ age }) => (
        <button
          key={age}
          type="button"
          aria-pressed={filters.age === age}
          onClick={() => onChange({ ...filters, age: filters.age === age ? undefined : age })}
          className={classes(CHIP, filters.age === age ? CHIP_ON : CHIP_OFF)}
        >
          <Dot age={age} />
          {t.assets.ages[age]}
          <span className="tabular-nums">{counts[age]}</span>
        </button>
      ))}
      <button
        type="button"
        aria-pressed={filters.sort === 'newest'}
        onClick={() =>
          onChange({ ...filters, sort: filters.sort === undefined ? 'newest' : undefined })
        }
        className={classes(CHIP, filters.sort === 'newest' ? CHIP_ON : CHIP_OFF)}
      >
        {t.assets.newestFirst}
      </button>
    </div>
  )
}

const CHIP = 'inline-flex h-7 items-center gap-1.5 rounded-full border px-2.5 text-xs font-medium'
const CHIP_ON = 'border-accent bg-accent-soft text-accent'
const CHIP_OFF = 'border-line-strong border-dashed text-muted hover:border-solid hover:text-text'

function csvOf(assets: readonly Newest[]): string {
  const head = csvLine(['asset_id', 'type', 'timestamp', 'latitude', 'longitude', 'speed'])
  const lines = assets.map(({ asset_id, type, at, position }) => {
    const { latitude = null, longitude = null, speed = null } = position ?? {}
    return csvLine([asset_id, type, new Date(at).toISOString(), latitude, longitude, speed])
  })
  return head + lines.join('')
}
