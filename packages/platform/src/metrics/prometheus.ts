/** Metrics kept by the Prometheus project's own client library. The only file that knows it. */

import * as prometheus from '@prometheus-io/client'
import type { Metrics } from './metrics.ts'

export interface PublishedMetrics extends Metrics {
  /** The text that Prometheus scrapes, and its media type. */
  page(): Promise<{ readonly type: string; readonly text: string }>
}

/**
 * The library looks for the labels each time it is told something. It is told later, many at a
 * time: alone in the middle of a request that is the dearest thing a count does.
 */
const UNTOLD_OBSERVATIONS = 256

/**
 * Metrics of this process: ours as they are declared, and what Node tells (memory, event loop, GC).
 */
export function createPrometheus(): PublishedMetrics {
  const registry = new prometheus.Registry()
  const registers = [registry]
  prometheus.collectDefaultMetrics({ register: registry })
  return {
    counter({ name, help, labels }) {
      const { toTell, collect } = whenRead()
      const about = { name, help, labelNames: labels, registers, collect }
      const counter = new prometheus.Counter<string>(about)
      return {
        of(values) {
          let untold = 0
          toTell.push(() => {
            counter.inc(values, untold)
            untold = 0
          })
          return {
            add: (times = 1) => {
              untold += times
            },
          }
        },
      }
    },
    histogram({ name, help, labels, buckets }) {
      const { toTell, collect } = whenRead()
      const about = { name, help, labelNames: labels, buckets: [...buckets], registers, collect }
      const histogram = new prometheus.Histogram<string>(about)
      return {
        of(values) {
          const untold: number[] = []
          const tell = (): void => {
            for (const value of untold) histogram.observe(values, value)
            untold.length = 0
          }
          toTell.push(tell)
          return {
            observe(value) {
              if (untold.push(value) === UNTOLD_OBSERVATIONS) tell()
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

/** What the library is told when somebody reads. */
function whenRead(): { readonly toTell: (() => void)[]; collect(): void } {
  const toTell: (() => void)[] = []
  const collect = (): void => {
    for (const tell of toTell) tell()
  }
  return { toTell, collect }
}
