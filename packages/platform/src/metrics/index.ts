/** Metrics: what the applications declare, and where it is kept. */

import type { PublishedMetrics } from './prometheus.ts'

export {
  type Count,
  type Counter,
  countEach,
  type Histogram,
  type Metrics,
  noMetrics,
  type Observations,
  type Sample,
} from './metrics.ts'
export type { PublishedMetrics } from './prometheus.ts'
export { recent } from './recent.ts'

/** Loads the library on first use: it takes 20 ms, and most commands count nothing. */
export async function createMetrics(): Promise<PublishedMetrics> {
  const { createPrometheus } = await import('./prometheus.ts')
  return createPrometheus()
}
