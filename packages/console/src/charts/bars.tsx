/**
 * A chart of counts over time with its legend and the same numbers as a table, which is the way to
 * them without eyes or pointer. The drawing itself is loaded when it is needed.
 */

import { ChevronRight } from 'lucide-react'
import { lazy, Suspense, useState } from 'react'
import { language, t } from '../texts/index.ts'
import type { BarsProps } from './series.ts'
import { sum } from './steps.ts'

const StackedBars = lazy(() => import('./stacked-bars.tsx'))

export function Bars(props: BarsProps & { readonly onPick?: (id: string) => void }) {
  const { onPick, ...bars } = props
  const [hovered, setHovered] = useState<number | null>(null)
  const total = props.series.map(({ name, values }) => `${name}: ${sum(values)}`).join(', ')
  return (
    <div className="min-w-0">
      <div role="img" aria-label={`${props.label}. ${total}`}>
        <Suspense fallback={<div className="h-[190px] animate-breathe rounded bg-hover" />}>
          <StackedBars {...bars} onHover={setHovered} />
        </Suspense>
      </div>
      <Legend {...props} hovered={hovered} />
      <Table {...bars} />
    </div>
  )
}

function Legend(
  props: BarsProps & { hovered: number | null; onPick?: ((id: string) => void) | undefined },
) {
  const { series, starts, hovered, onPick, utc = false } = props
  const number = new Intl.NumberFormat(language)
  const start = hovered === null ? undefined : starts[hovered]
  const at = start === undefined ? null : hovered
  return (
    <div className="mt-2 flex flex-wrap items-center gap-x-4 gap-y-1 text-xs">
      {series.map(({ id, name, colour, values }) => {
        const text = (
          <>
            <span
              aria-hidden
              className="size-2.5 shrink-0 rounded-xs"
              style={{ background: `var(${colour})` }}
            />
            <span className="text-muted">{name}</span>
            <span className="font-medium tabular-nums">
              {number.format(at === null ? sum(values) : (values[at] ?? 0))}
            </span>
          </>
        )
        return onPick === undefined ? (
          <span key={id} className="flex items-center gap-1.5">
            {text}
          </span>
        ) : (
          <button
            key={id}
            type="button"
            onClick={() => onPick(id)}
            className="-mx-1 flex items-center gap-1.5 rounded px-1 py-0.5 hover:bg-hover"
          >
            {text}
          </button>
        )
      })}
      <span aria-hidden className="ml-auto text-muted tabular-nums">
        {start !== undefined && stepText(start, props.stepMs, utc)}
      </span>
    </div>
  )
}

function Table({ label, starts, stepMs, series, utc = false }: BarsProps) {
  const number = new Intl.NumberFormat(language)
  return (
    <details className="group mt-3 text-xs">
      <summary className="inline-flex list-none items-center gap-1 text-muted hover:text-text">
        <ChevronRight aria-hidden className="size-3.5 transition-transform group-open:rotate-90" />
        {t.requests.asTable}
      </summary>
      <section
        // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so the keyboard has to reach it
        tabIndex={0}
        aria-label={label}
        className="mt-2 max-h-72 overflow-auto rounded-md border border-line"
      >
        <table className="w-full text-left tabular-nums">
          <caption className="sr-only">{label}</caption>
          <thead className="sticky top-0 bg-sunken text-muted">
            <tr>
              <th className="px-3 py-1.5 font-medium">{t.requests.start}</th>
              {series.map(({ id, name }) => (
                <th key={id} className="px-3 py-1.5 text-right font-medium">
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody className="divide-y divide-line">
            {starts.map((start, index) => (
              <tr key={start}>
                <th scope="row" className="px-3 py-1 font-normal whitespace-nowrap">
                  {stepText(start, stepMs, utc)}
                </th>
                {series.map(({ id, values }) => (
                  <td key={id} className="px-3 py-1 text-right">
                    {number.format(values[index] ?? 0)}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </details>
  )
}

const DAY_MS = 86_400_000

function stepText(start: number, stepMs: number, utc: boolean): string {
  const format = new Intl.DateTimeFormat(language, {
    ...{ weekday: 'short', day: 'numeric', month: 'short' },
    ...(stepMs < DAY_MS && { hour: '2-digit', minute: '2-digit' }),
    ...(utc && { timeZone: 'UTC' }),
  })
  return format.format(start)
}
