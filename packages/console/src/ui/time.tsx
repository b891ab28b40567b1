/** Times in the reader's zone, with UTC as the title. */

import { language, t } from '../texts/index.ts'

const UNITS = [
  ['year', 31_536_000],
  ['month', 2_592_000],
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
] as const

/** `3 minutes ago`, `in 2 days`. */
export function relative(at: number, now: number): string {
  const seconds = Math.round((at - now) / 1000)
  const format = new Intl.RelativeTimeFormat(language, { numeric: 'auto' })
  for (const [unit, size] of UNITS) {
    if (Math.abs(seconds) < size) continue
    // What is a second short of a week ahead is in 7 days, not in 6.
    const count = seconds > 0 ? Math.round(seconds / size) : Math.trunc(seconds / size)
    return format.format(count, unit)
  }
  return t.common.justNow
}

export function absolute(at: number): string {
  // Of the browser's variants of the language, such as English with the day first.
  const locale = navigator.languages.find((name) => name.startsWith(language)) ?? language
  return new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short' }).format(at)
}

export function Time(props: {
  readonly at: string | null
  readonly never?: string
  readonly full?: boolean
}) {
  const { at, never = t.common.never, full = false } = props
  if (at === null) return <span className="text-muted">{never}</span>
  const time = Date.parse(at)
  const utc = new Date(time)
    .toISOString()
    .replace('T', ' ')
    .replace(/\.\d+Z$/, ' UTC')
  return (
    <time dateTime={at} title={`${absolute(time)} · ${utc}`}>
      {full ? absolute(time) : relative(time, Date.now())}
    </time>
  )
}
