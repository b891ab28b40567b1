/**
 * The metrics that applications declare, independent of how they are kept or published.
 *
 * A label has few values, all defined by us: never a client's id, an address, a path as sent or
 * anything else that a caller can choose. Each set of values is kept for as long as the process
 * runs.
 */

export interface About<Label extends string> {
  /** As Prometheus spells it: `miot_…`, with the unit, and `_total` for a counter. */
  readonly name: string
  readonly help: string
  readonly labels: readonly Label[]
}

export interface HistogramAbout<Label extends string> extends About<Label> {
  /** Upper bounds, ascending. */
  readonly buckets: readonly number[]
}

/**
 * How the values of several processes of one server become one: `first` where each would say the
 * same.
 */
export type Combine = 'sum' | 'max' | 'min' | 'first'

export interface ReadAbout extends Omit<About<never>, 'labels'> {
  readonly read: () => number
}

export interface GaugeAbout extends ReadAbout {
  readonly combine: Combine
}

/** One value of a metric, and the labels it is for. */
export interface Sample<Label extends string> {
  readonly labels: Readonly<Record<Label, string>>
  readonly value: number
}

export interface SamplesAbout<Label extends string> extends About<Label> {
  readonly combine: Combine
  /** Those left out are not exported, instead of a value that is no longer true. Never rejects. */
  readonly read: () => readonly Sample<Label>[] | Promise<readonly Sample<Label>[]>
}

export interface Count {
  /** @param times how often it happened. Default: 1. */
  add(times?: number): void
}

export interface Observations {
  observe(value: number): void
}

/** Call `of` once for each set of labels and keep the result, which costs nothing to use. */
export interface Counter<Label extends string> {
  /** Exported as 0 from now on, so that a rate sees the first event. */
  of(labels: Readonly<Record<Label, string>>): Count
}

export interface Histogram<Label extends string> {
  of(labels: Readonly<Record<Label, string>>): Observations
}

export interface Metrics {
  counter<Label extends string>(about: About<Label>): Counter<Label>
  histogram<Label extends string>(about: HistogramAbout<Label>): Histogram<Label>
  /** A value that is read only when the metrics are collected. */
  gauge(about: GaugeAbout): void
  /** A value for each set of labels, read only when the metrics are collected. */
  gauges<Label extends string>(about: SamplesAbout<Label>): void
  /** A count that is kept elsewhere and read only when the metrics are collected. */
  total(about: ReadAbout): void
}

/** A count for each value of a counter's only label, all of them exported as 0 from the start. */
export function countEach<Value extends string>(
  counter: Counter<string>,
  label: string,
  values: readonly Value[],
): (value: Value) => Count {
  const counts = new Map(values.map((value) => [value, counter.of({ [label]: value })]))
  return (value) => counts.get(value) as Count
}

/** For callers that count nothing. */
export const noMetrics: Metrics = {
  counter: () => ({ of: () => ({ add: () => {} }) }),
  histogram: () => ({ of: () => ({ observe: () => {} }) }),
  gauge: () => {},
  gauges: () => {},
  total: () => {},
}
