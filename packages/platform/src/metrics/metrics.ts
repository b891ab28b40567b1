/**
 * What the applications say about themselves in numbers, and nothing about how it is kept or published.
 *
 * A label has few values, all of them ours: never a client's id, an address, a path as it was sent or
 * anything else that whoever asks can choose. Each set of values is kept for as long as the process runs.
 */

export interface About<Label extends string> {
  /** As Prometheus spells it: `miot_…`, with the unit, and `_total` for a counter. */
  readonly name: string
  readonly help: string
  readonly labels: readonly Label[]
}

export interface CounterAbout<Label extends string> extends About<Label> {
  /** Label sets that stand at 0 from the start, so that a rate sees the first of their events. */
  readonly zero?: readonly Readonly<Record<Label, string>>[]
}

export interface HistogramAbout<Label extends string> extends About<Label> {
  /** Upper bounds, rising. */
  readonly buckets: readonly number[]
}

export interface ReadAbout extends Omit<About<never>, 'labels'> {
  readonly read: () => number
}

export interface Counter<Label extends string> {
  /** @param times how often it happened; once when left out. */
  add(labels: Readonly<Record<Label, string>>, times?: number): void
}

export interface Histogram<Label extends string> {
  observe(labels: Readonly<Record<Label, string>>, value: number): void
}

export interface Metrics {
  counter<Label extends string>(about: CounterAbout<Label>): Counter<Label>
  histogram<Label extends string>(about: HistogramAbout<Label>): Histogram<Label>
  /** A value that is read when somebody looks, so it costs nothing in between. */
  gauge(about: ReadAbout): void
  /** A count that somebody keeps already; read when somebody looks. */
  total(about: ReadAbout): void
}

/** For whoever does not count. */
export const noMetrics: Metrics = {
  counter: () => ({ add: () => {} }),
  histogram: () => ({ observe: () => {} }),
  gauge: () => {},
  total: () => {},
}
