/** Stacked bars over time, drawn by uPlot on a canvas. Loaded when a page shows a chart. */

import { useEffect, useRef, useState } from 'react'
import uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'
import './chart.css'
import { language } from '../texts/index.ts'
import type { BarsProps } from './series.ts'
import { stacked, sum } from './steps.ts'

const HEIGHT_PX = 190
const DAY_SECONDS = 86_400
/** Counts are whole. */
const WHOLE = [1, 2, 5].flatMap((digit) => Array.from({ length: 10 }, (_, n) => digit * 10 ** n))
/** An axis with one request on it still looks like one. */
const MIN_TOP = 4

export default function StackedBars(
  props: BarsProps & { onHover: (index: number | null) => void },
) {
  const { starts, stepMs, series, utc = false, onHover } = props
  const place = useRef<HTMLDivElement>(null)
  const dark = useDark()
  const hover = useRef(onHover)
  hover.current = onHover
  // biome-ignore lint/correctness/useExhaustiveDependencies: colours follow `dark`
  useEffect(() => {
    const target = place.current
    if (target === null || starts.length === 0) return
    const plot = new uPlot(
      optionsOf(props, target, (index) => hover.current(index)),
      dataOf(props),
      target,
    )
    const observer = new ResizeObserver(() =>
      plot.setSize({ width: target.clientWidth, height: HEIGHT_PX }),
    )
    observer.observe(target)
    return () => {
      observer.disconnect()
      plot.destroy()
    }
  }, [starts, stepMs, series, utc, dark])
  return (
    <div ref={place} className="w-full min-w-0 overflow-hidden" style={{ height: HEIGHT_PX }} />
  )
}

/** The tallest first, so that those below it are drawn over it. */
function dataOf({ starts, series }: BarsProps): uPlot.AlignedData {
  const heights = stacked(series.map(({ values }) => values)).reverse()
  return [starts.map((start) => start / 1000), ...heights]
}

function optionsOf(
  { starts, stepMs, series, utc = false }: BarsProps,
  target: HTMLElement,
  onHover: (index: number | null) => void,
): uPlot.Options {
  const colour = (name: string) => resolved(name, target)
  const first = (starts[0] as number) / 1000
  const end = ((starts.at(-1) as number) + stepMs) / 1000
  const top = Math.max(
    MIN_TOP,
    ...starts.map((_, at) => sum(series.map(({ values }) => values[at] ?? 0))),
  )
  const bars = uPlot.paths.bars?.({ size: [0.8, 48], align: 1, radius: 0 })
  const lines = {
    stroke: colour('--color-muted'),
    font: '11px ui-sans-serif, system-ui, sans-serif',
  }
  const quiet = { show: true, stroke: colour('--color-line'), width: 1 }
  return {
    width: target.clientWidth,
    height: HEIGHT_PX,
    padding: [8, 20, 0, 0],
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, points: { show: false } },
    ...(utc && { tzDate: (seconds: number) => uPlot.tzDate(new Date(seconds * 1000), 'Etc/UTC') }),
    scales: { x: { range: [first, end] }, y: { range: [0, top] } },
    axes: [
      {
        ...lines,
        grid: { show: false },
        ticks: { show: false },
        space: 64,
        size: 28,
        values: (_, splits, __, ___, step) => splits.map((at) => timeText(at, step, utc)),
      },
      {
        ...lines,
        size: 44,
        incrs: WHOLE,
        grid: quiet,
        ticks: { show: false },
        values: (_, splits) => splits.map((value) => COMPACT().format(value)),
      },
    ],
    series: [
      {},
      ...series.toReversed().map(({ colour: name }) => ({
        fill: colour(name),
        width: 0,
        points: { show: false },
        ...(bars && { paths: bars }),
      })),
    ],
    hooks: { setCursor: [({ cursor }) => onHover(cursor.idx ?? null)] },
  }
}

const COMPACT = () => new Intl.NumberFormat(language, { notation: 'compact' })

function timeText(seconds: number, step: number, utc: boolean): string {
  const zone = utc ? { timeZone: 'UTC' } : {}
  const day = step >= DAY_SECONDS
  const options = day
    ? { day: 'numeric', month: 'short' }
    : { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }
  return new Intl.DateTimeFormat(language, { ...options, ...zone } as object).format(seconds * 1000)
}

/** A canvas knows neither variables nor `light-dark()`. */
function resolved(variable: string, place: HTMLElement): string {
  const probe = document.createElement('span')
  probe.style.color = `var(${variable})`
  place.append(probe)
  const { color } = getComputedStyle(probe)
  probe.remove()
  return color
}

function useDark(): boolean {
  const [dark, setDark] = useState(() => matchMedia('(prefers-color-scheme: dark)').matches)
  useEffect(() => {
    const query = matchMedia('(prefers-color-scheme: dark)')
    const follow = (): void => setDark(query.matches)
    query.addEventListener('change', follow)
    return () => query.removeEventListener('change', follow)
  }, [])
  return dark
}
