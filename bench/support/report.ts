/** Turns many rounds into a table. */

/** The result of one contender in one round. */
export interface Sample {
  readonly perSecond: number
  /** CPU time per request, in microseconds; NaN if it is unknown. */
  readonly cpuMicros: number
  readonly p50Ms: number
  readonly p99Ms: number
  /** The fraction of a core that the load generator used. */
  readonly generatorBusy: number
}

/** One core that does both, in sequence. */
export function inSequence(one: Sample, other: Sample): Sample {
  return {
    ...one,
    perSecond: 1 / (1 / one.perSecond + 1 / other.perSecond),
    cpuMicros: one.cpuMicros + other.cpuMicros,
  }
}

/** The results of one row, by round. */
export interface Rounds {
  readonly limit: readonly Sample[]
  /** Left out without a peer. */
  readonly peer?: readonly Sample[]
  readonly ours: Readonly<Record<string, readonly Sample[]>>
}

export interface Line {
  readonly row: string
  readonly who: string
  readonly perSecond: number
  readonly ofLimit: number | null
  readonly timesPeer: number | null
  readonly cpuMicros: number
  /** The same two ratios, of CPU time, which other load on the machine hardly affects. */
  readonly ofLimitByCpu: number | null
  readonly timesPeerByCpu: number | null
  readonly p50Ms: number
  readonly p99Ms: number
  readonly generatorBusy: number
}

/** Computes the ratios within a round, and returns the median. */
export function linesOf(row: string, { limit, peer, ours }: Rounds): Line[] {
  const timesPeer = (who: string, samples: readonly Sample[], of: Measure): number | null =>
    peer === undefined || who === 'limit' || who === 'peer' ? null : ratio(samples, peer, of)
  const line = (who: string, samples: readonly Sample[]): Line => ({
    row,
    who,
    perSecond: Math.round(median(samples.map(({ perSecond }) => perSecond))),
    ofLimit: who === 'limit' ? null : ratio(samples, limit, speed),
    timesPeer: timesPeer(who, samples, speed),
    cpuMicros: rounded(median(samples.map(({ cpuMicros }) => cpuMicros))),
    ofLimitByCpu: who === 'limit' ? null : ratio(samples, limit, thrift),
    timesPeerByCpu: timesPeer(who, samples, thrift),
    p50Ms: rounded(median(samples.map(({ p50Ms }) => p50Ms))),
    p99Ms: rounded(median(samples.map(({ p99Ms }) => p99Ms))),
    generatorBusy: rounded(median(samples.map(({ generatorBusy }) => generatorBusy))),
  })
  const us = Object.entries(ours).map(([who, samples]) => line(who, samples))
  return [line('limit', limit), ...us, ...(peer === undefined ? [] : [line('peer', peer)])]
}

export function toTable(lines: readonly Line[]): Record<string, unknown>[] {
  return lines.map((line) => ({
    row: line.row,
    who: line.who,
    // First, since other work on the machine hardly affects it.
    'CPU µs': known(line.cpuMicros),
    'of limit (CPU)': line.ofLimitByCpu ?? '',
    ...(line.timesPeerByCpu !== null && { '× peer (CPU)': line.timesPeerByCpu }),
    'a second': line.perSecond,
    'of limit': line.ofLimit ?? '',
    ...(line.timesPeer !== null && { '× peer': line.timesPeer }),
    'p50 ms': known(line.p50Ms),
    'p99 ms': known(line.p99Ms),
    'load busy': known(line.generatorBusy),
  }))
}

const known = (value: number): number | string => (Number.isNaN(value) ? '' : value)

type Measure = (sample: Sample) => number

const speed: Measure = ({ perSecond }) => perSecond
const thrift: Measure = ({ cpuMicros }) => 1 / cpuMicros

function ratio(ours: readonly Sample[], theirs: readonly Sample[], of: Measure): number {
  return rounded(median(ours.map((sample, round) => of(sample) / of(theirs[round] as Sample))))
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100
}
