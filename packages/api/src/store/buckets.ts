/** Aggregates numbers into time buckets. */

import { counts, type MeasurementRow } from './measurement.ts'
import { type BucketQuery, MAX_BUCKETS, type MetricBucket } from './store.ts'

type Span = Pick<BucketQuery, 'from_ms' | 'to_ms' | 'bucketMs'>

/** The number of buckets that overlap a period, including partial ones at both ends. */
export function countBuckets({ from_ms, to_ms, bucketMs }: Span): number {
  return Math.floor((to_ms - 1) / bucketMs) - Math.floor(from_ms / bucketMs) + 1
}

/** @throws RangeError for an invalid `bucketMs`, or more than MAX_BUCKETS buckets. */
export function assertBuckets(query: Span): void {
  const { bucketMs } = query
  if (!Number.isSafeInteger(bucketMs) || bucketMs < 1) {
    throw new RangeError('bucketMs must be a whole number of milliseconds, at least 1')
  }
  if (countBuckets(query) > MAX_BUCKETS) {
    throw new RangeError(`the period has more than ${MAX_BUCKETS} buckets`)
  }
}

export function bucketStart(timestamp_ms: number, bucketMs: number): number {
  return Math.floor(timestamp_ms / bucketMs) * bucketMs
}

/**
 * Numbers are divided by this before they are summed, so that large ones do not overflow. A power
 * of two is exact.
 */
const SUM_SCALE = 2 ** 64

/**
 * @param batches rows in order of time.
 * @throws the reason of the signal.
 */
export async function bucketsOf(
  batches: AsyncIterable<readonly MeasurementRow[]>,
  { bucketMs, signal }: Pick<BucketQuery, 'bucketMs' | 'signal'>,
): Promise<MetricBucket[]> {
  const buckets = createBuckets(bucketMs)
  for await (const rows of batches) {
    for (const row of rows) if (counts(row)) buckets.add(row.timestamp_ms, row.number as number)
    signal?.throwIfAborted()
  }
  return buckets.done()
}

/** Expects numbers in order of time. */
function createBuckets(bucketMs: number): {
  add(timestamp_ms: number, number: number): void
  done(): MetricBucket[]
} {
  const buckets: MetricBucket[] = []
  let open: (Omit<MetricBucket, 'avg'> & { sum: number }) | null = null

  function close(): void {
    if (open === null) return
    const { sum, ...bucket } = open
    buckets.push({ ...bucket, avg: (sum / bucket.count) * SUM_SCALE })
    open = null
  }

  return {
    add(timestamp_ms, number) {
      const start_ms = bucketStart(timestamp_ms, bucketMs)
      if (open?.start_ms !== start_ms) close()
      if (open === null) {
        const same = {
          min: number,
          max: number,
          first: number,
          last: number,
          sum: number / SUM_SCALE,
        }
        open = { start_ms, count: 1, ...same }
        return
      }
      const { count, min, max, sum } = open
      open = {
        ...open,
        count: count + 1,
        min: Math.min(min, number),
        max: Math.max(max, number),
        last: number,
        sum: sum + number / SUM_SCALE,
      }
    },
    done() {
      close()
      return buckets
    },
  }
}
