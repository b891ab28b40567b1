/** The time that a page shows: the last hours or days, or from one time to another. */

export const LENGTHS = { '24h': 86_400_000, '7d': 604_800_000, '30d': 2_592_000_000 } as const

export type Length = keyof typeof LENGTHS

export const isLength = (value: unknown): value is Length =>
  typeof value === 'string' && Object.hasOwn(LENGTHS, value)

/** As the address has it. Both ends are ISO 8601, or a day as `2026-01-15`. */
export interface PeriodSearch {
  readonly period?: Length | undefined
  readonly from?: string | undefined
  readonly to?: string | undefined
}

/** Buckets of the API, from the finest on. */
const BUCKETS = [
  { name: '30s', ms: 30_000 },
  { name: '5m', ms: 300_000 },
  { name: '1h', ms: 3_600_000 },
  { name: '1d', ms: 86_400_000 },
] as const

export type BucketSize = (typeof BUCKETS)[number]

/** More points than this are not seen on a screen. */
const MAX_POINTS = 750

export function bucketFor(lengthMs: number): BucketSize {
  return BUCKETS.find(({ ms }) => lengthMs / ms <= MAX_POINTS) ?? BUCKETS[3]
}

export interface Resolved {
  /** ISO 8601; `to` is exclusive. */
  readonly from: string
  readonly to: string
  readonly bucket: BucketSize
}

export interface Span {
  /** For the keys of caches: a moving period keeps its name. */
  readonly name: string
  /** It ends now. */
  readonly isMoving: boolean
  resolve(): Resolved
  /** The same for all pages of one list. */
  resolveQuery(): { readonly from: string; readonly to?: string }
}

/** @param now Unix milliseconds. */
export function spanOf(search: PeriodSearch, now: () => number): Span {
  const from = timeOf(search.from)
  const to = timeOf(search.to)
  if (from !== null && to !== null && from < to) return fixedSpan(from, to)
  const name = search.period ?? '24h'
  const opened = new Date(now() - LENGTHS[name]).toISOString()
  return {
    name,
    isMoving: true,
    resolve() {
      const end = now()
      return {
        from: new Date(end - LENGTHS[name]).toISOString(),
        // A report of a device whose clock is a little ahead is shown.
        to: new Date(end + 60_000).toISOString(),
        bucket: bucketFor(LENGTHS[name]),
      }
    },
    resolveQuery: () => ({ from: opened }),
  }
}

function fixedSpan(fromMs: number, toMs: number): Span {
  const from = new Date(fromMs).toISOString()
  const to = new Date(toMs).toISOString()
  return {
    name: `${from} ${to}`,
    isMoving: false,
    resolve: () => ({ from, to, bucket: bucketFor(toMs - fromMs) }),
    resolveQuery: () => ({ from, to }),
  }
}

/** A day without a time begins where the reader is. */
function timeOf(text: string | undefined): number | null {
  if (text === undefined) return null
  const at = Date.parse(/^\d{4}-\d\d-\d\d$/.test(text) ? `${text}T00:00` : text)
  return Number.isNaN(at) ? null : at
}

/** For `<input type="datetime-local">`, in the reader's zone. */
export function localInput(at: number): string {
  const date = new Date(at)
  const two = (value: number): string => String(value).padStart(2, '0')
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`
  return `${day}T${two(date.getHours())}:${two(date.getMinutes())}`
}
