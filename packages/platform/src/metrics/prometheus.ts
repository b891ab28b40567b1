/** Metrics kept by the Prometheus project's own client library. The only file that knows it. */

import * as prometheus from '@prometheus-io/client'
import type { Metrics } from './metrics.ts'

/** The text that Prometheus scrapes, and its media type. */
export interface MetricsPage {
  readonly type: string
  readonly text: string
}

/** One metric of a process with its values, which can be sent to another process. */
export type MetricValues = prometheus.MetricObjectWithValues<prometheus.MetricValue<string>>

export interface PublishedMetrics extends Metrics {
  page(): Promise<MetricsPage>
  /** The same values as on the page, to be merged with those of other processes. */
  values(): Promise<readonly MetricValues[]>
}

/**
 * The library looks up the labels on every call, which in the middle of a request is the slowest
 * part of counting. So observations are passed to it later, many at a time.
 */
const MAX_PENDING_OBSERVATIONS = 256

/** Metrics of this process: those we declare, and those of Node (memory, event loop, GC). */
export function createPrometheus(): PublishedMetrics {
  const registry = new prometheus.Registry()
  const registers = [registry]
  prometheus.collectDefaultMetrics({ register: registry })
  combineNodeMetrics(registry)
  return {
    counter({ name, help, labels }) {
      const { flushes, collect } = whenRead()
      const about = { name, help, labelNames: labels, registers, collect }
      const counter = new prometheus.Counter<string>(about)
      return {
        of(values) {
          let pending = 0
          flushes.push(() => {
            counter.inc(values, pending)
            pending = 0
          })
          return {
            add: (times = 1) => {
              pending += times
            },
          }
        },
      }
    },
    histogram({ name, help, labels, buckets }) {
      const { flushes, collect } = whenRead()
      const about = { name, help, labelNames: labels, buckets: [...buckets], registers, collect }
      const histogram = new prometheus.Histogram<string>(about)
      return {
        of(values) {
          const pending: number[] = []
          const flush = (): void => {
            for (const value of pending) histogram.observe(values, value)
            pending.length = 0
          }
          flushes.push(flush)
          return {
            observe(value) {
              if (pending.push(value) === MAX_PENDING_OBSERVATIONS) flush()
            },
          }
        },
      }
    },
    gauge({ name, help, combine, read }) {
      const gauge: prometheus.Gauge = new prometheus.Gauge({
        name,
        help,
        aggregator: combine,
        registers,
        collect: () => gauge.set(read()),
      })
    },
    gauges({ name, help, labels, combine, read }) {
      const gauge = new prometheus.Gauge<string>({
        name,
        help,
        labelNames: labels,
        aggregator: combine,
        registers,
        async collect() {
          const samples = await read()
          gauge.reset()
          for (const { labels: values, value } of samples) gauge.set(values, value)
        },
      })
    },
    total({ name, help, read }) {
      const counter: prometheus.Counter = new prometheus.Counter({
        name,
        help,
        registers,
        collect() {
          counter.reset()
          counter.inc(read())
        },
      })
    },
    page: () => pageOf(registry),
    values: () => registry.getMetricsAsJSON(),
  }
}

async function pageOf(registry: prometheus.Registry): Promise<MetricsPage> {
  return { type: registry.contentType, text: await registry.metrics() }
}

/**
 * The library leaves out one, averages the delays of event loops, which hides a slow one, and adds
 * up the quantiles of a summary, whose histogram is there too.
 */
function combineNodeMetrics(registry: prometheus.Registry): void {
  const metrics = registry.getMetricsAsArray() as { name: string; aggregator?: string }[]
  for (const metric of metrics) {
    if (metric.aggregator === 'average') metric.aggregator = 'max'
    if (metric instanceof prometheus.Summary) metric.aggregator = 'omit'
    if (metric.name === 'process_start_time_seconds') metric.aggregator = 'min'
  }
}

/** Counters and histograms are summed, gauges combined as they declare. */
export function mergedPage(processes: readonly (readonly MetricValues[])[]): Promise<MetricsPage> {
  return pageOf(merge(processes))
}

/** What is counted of processes that ended, for the sums of those that run. */
export async function mergedCounts(
  processes: readonly (readonly MetricValues[])[],
): Promise<readonly MetricValues[]> {
  const counts = processes.map((metrics) => metrics.filter(({ type }) => isCount(type)))
  return merge(counts).getMetricsAsJSON()
}

/** The library declares the types as numbers, and has names. */
function isCount(type: unknown): boolean {
  return type === 'counter' || type === 'histogram'
}

function merge(processes: readonly (readonly MetricValues[])[]): prometheus.Registry {
  return prometheus.AggregatorRegistry.aggregate([...processes] as never)
}

/** Observations that are passed to the library when the metrics are read. */
function whenRead(): { readonly flushes: (() => void)[]; collect(): void } {
  const flushes: (() => void)[] = []
  const collect = (): void => {
    for (const flush of flushes) flush()
  }
  return { flushes, collect }
}
