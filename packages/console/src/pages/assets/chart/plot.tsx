/** A curve over time (uPlot), with the range of each bucket as a band. Loaded when it shows. */

import 'uplot/dist/uPlot.min.css'
import { useEffect, useRef } from 'react'
import UPlot from 'uplot'
import { language } from '../../../texts/index.ts'
import { type Colours, useColours } from '../map/colours.ts'
import type { Series } from '../readings/series.ts'
import { numberText } from '../readings/words.ts'

interface PlotProps {
  readonly series: Series
  /** Unix seconds. */
  readonly from: number
  readonly to: number
  /** Index of the point under the pointer. */
  readonly onPoint: (index: number | null) => void
}

const HEIGHT = 160
const DAY = 86_400

export default function Plot({ series, from, to, onPoint }: PlotProps) {
  const frame = useRef<HTMLDivElement>(null)
  const colours = useColours()
  const latest = useRef(onPoint)
  latest.current = onPoint
  useEffect(() => {
    const element = frame.current
    if (element === null) return
    const options = optionsOf(colours, from, to, element.clientWidth, series.min !== undefined)
    const plot = new UPlot(
      { ...options, hooks: { setCursor: [({ cursor }) => latest.current(cursor.idx ?? null)] } },
      dataOf(series),
      element,
    )
    const observer = new ResizeObserver(() =>
      plot.setSize({ width: element.clientWidth, height: HEIGHT }),
    )
    observer.observe(element)
    return () => {
      observer.disconnect()
      plot.destroy()
    }
  }, [series, colours, from, to])
  return <div ref={frame} className="min-h-40 w-full overflow-hidden" />
}

function dataOf({ at, value, min, max }: Series): UPlot.AlignedData {
  const columns = min && max ? [at, value, min, max] : [at, value]
  return columns as unknown as UPlot.AlignedData
}

function optionsOf(
  colours: Colours,
  from: number,
  to: number,
  width: number,
  banded: boolean,
): UPlot.Options {
  const axis = {
    stroke: colours.muted,
    font: '11px ui-sans-serif, system-ui, sans-serif',
    grid: { stroke: colours.line, width: 1 },
    ticks: { show: false },
  }
  const hidden = { stroke: 'transparent', points: { show: false } }
  return {
    width,
    height: HEIGHT,
    padding: [8, 20, 0, 0],
    legend: { show: false },
    cursor: { sync: { key: 'asset' }, y: false, drag: { x: false, y: false } },
    scales: { x: { range: () => [from, to] } },
    axes: [
      { ...axis, size: 28, values: (_, times) => times.map(timeFormat(to - from)) },
      { ...axis, size: 48, values: (_, values) => values.map(numberText) },
    ],
    series: [
      {},
      {
        stroke: colours.accent,
        width: 1.75,
        points: { size: 5 },
        spanGaps: false,
        ...(!banded && { fill: colours.accentSoft }),
      },
      ...(banded ? [hidden, hidden] : []),
    ],
    ...(banded && { bands: [{ series: [3, 2], fill: colours.accentSoft }] }),
  }
}

function timeFormat(seconds: number): (at: number) => string {
  const format = new Intl.DateTimeFormat(
    language,
    seconds <= 2 * DAY
      ? { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }
      : { day: 'numeric', month: 'short' },
  )
  return (at) => format.format(at * 1000)
}
