/** A chart with its name, the value under the pointer, and the same as a table. */

import { ChartLine, Table2 } from 'lucide-react'
import { lazy, Suspense, useState } from 'react'
import { t } from '../../../texts/index.ts'
import { Loading } from '../../../ui/answers.tsx'
import { Button } from '../../../ui/button.tsx'
import { Panel } from '../../../ui/panel.tsx'
import { absolute } from '../../../ui/time.tsx'
import { type Series, summaryOf } from '../readings/series.ts'
import { numberText } from '../readings/words.ts'

const Plot = lazy(() => import('./plot.tsx'))

interface ChartProps {
  readonly title: string
  readonly unit: string | null
  readonly series: Series
  /** ISO 8601. */
  readonly from: string
  readonly to: string
  /** Unix milliseconds, or null when the pointer has left. */
  readonly onTime: (at: number | null) => void
}

export function Chart(props: ChartProps) {
  const { title, unit, series, from, to, onTime } = props
  const [asTable, setAsTable] = useState(false)
  const [index, setIndex] = useState<number | null>(null)
  const summary = summaryOf(series)
  const withUnit = (value: number): string =>
    unit === null ? numberText(value) : `${numberText(value)} ${unit}`
  const at = index === null ? undefined : series.at[index]
  const value = index === null ? null : series.value[index]
  const said =
    at !== undefined && typeof value === 'number'
      ? `${absolute(at * 1000)} · ${withUnit(value)}`
      : summary && t.assets.chart.summary(withUnit(summary.min), withUnit(summary.max))
  return (
    <Panel
      title={title}
      about={said ?? undefined}
      actions={
        summary !== null && (
          <Button look="quiet" size="small" onClick={() => setAsTable(!asTable)}>
            {asTable ? (
              <ChartLine aria-hidden className="size-3.5" />
            ) : (
              <Table2 aria-hidden className="size-3.5" />
            )}
            {asTable ? t.assets.chart.asChart : t.assets.chart.asTable}
            <span className="sr-only">: {title}</span>
          </Button>
        )
      }
      flush
    >
      {summary === null ? (
        <p className="px-4 py-8 text-center text-muted">{t.assets.chart.none}</p>
      ) : asTable ? (
        <SeriesTable {...{ title, series, withUnit }} />
      ) : (
        <div
          role="img"
          aria-label={t.assets.chart.label(
            title,
            withUnit(summary.min),
            withUnit(summary.max),
            withUnit(summary.mean),
          )}
          className="px-2 py-2"
        >
          <Suspense fallback={<Loading />}>
            <Plot
              series={series}
              from={Date.parse(from) / 1000}
              to={Date.parse(to) / 1000}
              onPoint={(next) => {
                setIndex(next)
                const time = next === null ? undefined : series.at[next]
                onTime(time === undefined ? null : time * 1000)
              }}
            />
          </Suspense>
        </div>
      )}
    </Panel>
  )
}

/** A browser stays fluent with this many; the export has all. */
const MAX_ROWS = 500

function SeriesTable(props: {
  readonly title: string
  readonly series: Series
  readonly withUnit: (value: number) => string
}) {
  const { title, series, withUnit } = props
  const { at, value, min, max } = series
  const indexes = at.flatMap((_, index) => (value[index] === null ? [] : [index])).reverse()
  const text = (one: number | null | undefined): string =>
    typeof one === 'number' ? withUnit(one) : ''
  return (
    <section
      // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so the keyboard has to reach it
      tabIndex={0}
      aria-label={title}
      className="max-h-72 overflow-auto -outline-offset-2"
    >
      <table className="w-full text-[0.8125rem]">
        <thead className="sticky top-0 bg-sunken text-left text-xs text-muted">
          <tr>
            <Head>{t.assets.chart.time}</Head>
            {min && <Head>{t.assets.chart.min}</Head>}
            <Head>{min ? t.assets.chart.mean : t.assets.chart.value}</Head>
            {max && <Head>{t.assets.chart.max}</Head>}
          </tr>
        </thead>
        <tbody className="divide-y divide-line tabular-nums">
          {indexes.slice(0, MAX_ROWS).map((index) => (
            <tr key={at[index]}>
              <td className="px-4 py-1.5">{absolute((at[index] as number) * 1000)}</td>
              {min && <td className="px-4 py-1.5">{text(min[index])}</td>}
              <td className="px-4 py-1.5">{text(value[index])}</td>
              {max && <td className="px-4 py-1.5">{text(max[index])}</td>}
            </tr>
          ))}
        </tbody>
      </table>
      {indexes.length > MAX_ROWS && (
        <p className="px-4 py-2 text-xs text-muted">{t.assets.chart.cut(MAX_ROWS)}</p>
      )}
    </section>
  )
}

const Head = ({ children }: { children: string }) => (
  <th scope="col" className="px-4 py-2 font-medium">
    {children}
  </th>
)
