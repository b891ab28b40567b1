/** Tokens and refused requests over time, of a tenant or of one application. */

import { useMemo } from 'react'
import type { Activity } from '../api/admin.ts'
import { t } from '../texts/index.ts'
import { Bars } from './bars.tsx'
import type { Series } from './series.ts'
import { kindTotals, type Step, stepsOf, sum } from './steps.ts'

const HOUR_MS = 3_600_000
/** More kinds than colours: the rest is one. */
const COLOURS = ['--chart-3', '--chart-2', '--chart-5', '--chart-4', '--chart-1'] as const
export const OTHERS = 'others'

export interface ChartData {
  readonly starts: readonly number[]
  readonly stepMs: number
  readonly steps: readonly Step[]
  readonly utc: boolean
}

/** @param hours of the reader's day in a bar; null: the steps of the answer, which are UTC days. */
export function useChartData(activity: Activity | undefined, hours: number | null): ChartData {
  return useMemo(() => {
    const steps = stepsOf(activity?.steps ?? [], hours)
    const stepMs = hours === null ? (activity?.step_seconds ?? 0) * 1000 : hours * HOUR_MS
    return { steps, stepMs, starts: steps.map(({ start }) => start), utc: hours === null }
  }, [activity, hours])
}

export function TokenBars({ data }: { readonly data: ChartData }) {
  const { steps, ...rest } = data
  const series = useMemo(
    (): Series[] => [
      {
        id: 'needed',
        name: t.requests.tokensNeeded,
        colour: '--chart-1',
        values: steps.map(({ tokens, early }) => tokens - early),
      },
      {
        id: 'early',
        name: t.requests.tokensEarly,
        colour: '--chart-2',
        values: steps.map(({ early }) => early),
      },
    ],
    [steps],
  )
  return <Bars label={t.requests.tokens} series={series} {...rest} />
}

export function RefusalBars(props: {
  readonly data: ChartData
  readonly kind?: string | undefined
  readonly nameOf: (kind: string) => string
  readonly onPick?: (kind: string) => void
}) {
  const { data, kind, nameOf, onPick } = props
  const { steps, ...rest } = data
  // biome-ignore lint/correctness/useExhaustiveDependencies: `nameOf` is a constant
  const series = useMemo(() => seriesOf(steps, kind, nameOf), [steps, kind])
  return (
    <Bars
      label={t.requests.refusals}
      series={series}
      {...rest}
      {...(onPick && { onPick: (id: string) => id !== OTHERS && onPick(id) })}
    />
  )
}

function seriesOf(
  steps: readonly Step[],
  only: string | undefined,
  nameOf: (kind: string) => string,
): Series[] {
  const kinds = kindTotals(steps).map(([kind]) => kind)
  const shown = only === undefined ? kinds.slice(0, COLOURS.length) : [only]
  const rest = only === undefined ? kinds.slice(COLOURS.length) : []
  const series = shown.map((kind, index) => ({
    id: kind,
    name: nameOf(kind),
    colour: COLOURS[index] as string,
    values: steps.map(({ refusals }) => refusals[kind] ?? 0),
  }))
  if (rest.length === 0) return series
  const values = steps.map(({ refusals }) => sum(rest.map((kind) => refusals[kind] ?? 0)))
  return [...series, { id: OTHERS, name: t.requests.others, colour: '--chart-6', values }]
}
