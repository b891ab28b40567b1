/** Metrics kept by the Prometheus project's own client library. The only file that knows it. */

import * as prometheus from '@prometheus-io/client'
import type { Metrics } from './metrics.ts'

export interface PublishedMetrics extends Metrics {
  /** The text that Prometheus scrapes, and its media type. */
  page(): Promise<{ readonly type: string; readonly text: string }>
}

/** Metrics of this process: ours as they are declared, and what Node tells (memory, event loop, GC). */
export function createPrometheus(): PublishedMetrics {
  const registry = new prometheus.Registry()
  const registers = [registry]
  prometheus.collectDefaultMetrics({ register: registry })
  return {
    counter({ name, help, labels, zero = [] }) {
      const counter = new prometheus.Counter<string>({ name, help, labelNames: labels, registers })
      for (const values of zero) counter.inc(values, 0)
      return { add: (values, times = 1) => counter.inc(values, times) }
    },
    histogram({ name, help, labels, buckets }) {
      const histogram = new prometheus.Histogram<string>({
        name,
        help,
        labelNames: labels,
        buckets: [...buckets],
        registers,
      })
      return { observe: (values, value) => histogram.observe(values, value) }
    },
    gauge({ name, help, read }) {
      const gauge: prometheus.Gauge = new prometheus.Gauge({
        name,
        help,
        registers,
        collect: () => gauge.set(read()),
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
