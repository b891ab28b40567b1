/**
 * What the applications say about themselves in numbers, and nothing about how it is kept or
 * published.
 *
 * A label has few values, all of them ours: never a client's id, an address, a path as it was sent
 * or anything else that whoever asks can choose. Each set of values is kept for as long as the
 * process runs.
 */

export interface About<Label extends string> {
  /** As Prometheus spells it: `miot_…`, with the unit, and `_total` for a counter. */
  readonly name: string
  readonly help: string
  readonly labels: readonly Label[]
}

export interface HistogramAbout<Label extends string> extends About<Label> {
  /** Upper bounds, rising. */
  readonly buckets: readonly number[]
}

export interface ReadAbout extends Omit<About<never>, 'labels'> {
  readonly read: () => number
}

export interface Count {
  /** @param times how often it happened; once when left out. */
  add(times?: number): void
}

export interface Observations {
  observe(value: number): void
}

/** To be asked once for each set of labels: what it gives is kept, and costs nothing to use. */
export interface Counter<Label extends string> {
  /** Stands at 0 from now on, so that a rate sees the first event. */
  of(labels: Readonly<Record<Label, string>>): Count
}

export interface Histogram<Label extends string> {
  of(labels: Readonly<Record<Label, string>>): Observations
}

export interface Metrics {
  counter<Label extends string>(about: About<Label>): Counter<Label>
  histogram<Label extends string>(about: HistogramAbout<Label>): Histogram<Label>
  /** A value that is read when somebody looks, so it costs nothing in between. */
  gauge(about: ReadAbout): void
  /** A count that somebody keeps already; read when somebody looks. */
  total(about: ReadAbout): void
}

/** A count for each value of a counter's only label, all of them at 0 from the start. */
export function countEach<Value extends string>(
  counter: Counter<string>,
  label: string,
  values: readonly Value[],
): (value: Value) => Count {
  const counts = new Map(values.map((value) => [value, counter.of({ [label]: value })]))
  return (value) => counts.get(value) as Count
}

/** For whoever does not count. */
export const noMetrics: Metrics = {
  counter: () => ({ of: () => ({ add: () => {} }) }),
  histogram: () => ({ of: () => ({ observe: () => {} }) }),
  gauge: () => {},
  total: () => {},
}
