/** Metrics kept by the Prometheus project's own client library. The only file that knows it. */

import * as prometheus from '@prometheus-io/client'
import type { Metrics } from './metrics.ts'

export interface PublishedMetrics extends Metrics {
  /** The text that Prometheus scrapes, and its media type. */
  page(): Promise<{ readonly type: string; readonly text: string }>
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
    gauge({ name, help, read }) {
      const gauge: prometheus.Gauge = new prometheus.Gauge({
        name,
        help,
        registers,
        collect: () => gauge.set(read()),
      })
    },
    gauges({ name, help, labels, read }) {
      const gauge = new prometheus.Gauge<string>({
        name,
        help,
        labelNames: labels,
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
    page: async () => ({ type: registry.contentType, text: await registry.metrics() }),
  }
}

/** Observations that are passed to the library when the metrics are read. */
function whenRead(): { readonly flushes: (() => void)[]; collect(): void } {
  const flushes: (() => void)[] = []
  const collect = (): void => {
    for (const flush of flushes) flush()
  }
  return { flushes, collect }
}
