/** Metrics: what the applications declare, and where it is kept. */

import type { MetricsPage, MetricValues, PublishedMetrics } from './prometheus.ts'

export {
  type Combine,
  type Count,
  type Counter,
  countEach,
  type Histogram,
  type Metrics,
  noMetrics,
  type Observations,
  type Sample,
} from './metrics.ts'
export type { MetricsPage, MetricValues, PublishedMetrics } from './prometheus.ts'
export { recent } from './recent.ts'

/** Loads the library on first use: it takes 20 ms, and most commands count nothing. */
export async function createMetrics(): Promise<PublishedMetrics> {
  const { createPrometheus } = await import('./prometheus.ts')
  return createPrometheus()
}

/** See `mergedPage` in prometheus.ts. */
export async function mergedPage(
  processes: readonly (readonly MetricValues[])[],
): Promise<MetricsPage> {
  return (await import('./prometheus.ts')).mergedPage(processes)
}

/** See `mergedCounts` in prometheus.ts. */
export async function mergedCounts(
  processes: readonly (readonly MetricValues[])[],
): Promise<readonly MetricValues[]> {
  return (await import('./prometheus.ts')).mergedCounts(processes)
}
