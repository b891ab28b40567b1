/** Numbers put together by time, for adapters that read them in order. */

import { type BucketQuery, MAX_BUCKETS, type MetricBucket } from './store.ts'

/** @throws RangeError for a question that would give more than MAX_BUCKETS. */
export function assertBuckets({ from_ms, to_ms, bucketMs }: BucketQuery): void {
  if (!Number.isSafeInteger(bucketMs) || bucketMs < 1) {
    throw new RangeError('bucketMs must be a whole number of milliseconds, at least 1')
  }
  // One more than the quotient: the first one begins before `from_ms`.
  if (to_ms - from_ms > bucketMs * (MAX_BUCKETS - 1)) {
    throw new RangeError(`the period holds more than ${MAX_BUCKETS} buckets`)
  }
}

export function bucketStart(timestamp_ms: number, bucketMs: number): number {
  return Math.floor(timestamp_ms / bucketMs) * bucketMs
}

/** Give it numbers in order of time. */
export function createBuckets(bucketMs: number): {
  add(timestamp_ms: number, number: number): void
  done(): MetricBucket[]
} {
  const buckets: MetricBucket[] = []
  let open: (Omit<MetricBucket, 'avg'> & { sum: number }) | null = null

  function close(): void {
    if (open === null) return
    const { sum, ...bucket } = open
    buckets.push({ ...bucket, avg: sum / bucket.count })
    open = null
  }

  return {
    add(timestamp_ms, number) {
      const start_ms = bucketStart(timestamp_ms, bucketMs)
      if (open?.start_ms !== start_ms) close()
      if (open === null) {
        const same = { min: number, max: number, first: number, last: number, sum: number }
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
        sum: sum + number,
      }
    },
    done() {
      close()
      return buckets
    },
  }
}
