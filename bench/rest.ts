/**
 * What reports cost that are at rest: bytes by table while their values are young, and once
 * maintenance has moved these to chunks; the CPU of moving; and the CPU of reading young and old
 * values. Without HTTP.
 */

import { loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import { assetId, KEYS, MINUTE_MS, observationAt, TENANT } from './rest/drive.ts'
import { type Place, type Places, type Sizes, startPlaces } from './rest/places.ts'
import { pinThisProcess, SERVER_CORE } from './support/child.ts'
import { ROUND_OPTIONS, UsageError } from './support/options.ts'
import { STORES } from './support/our-server.ts'
import { median } from './support/report.ts'
import { keep, print } from './support/results.ts'

const HOUR_MS = 60 * MINUTE_MS
/** After the last report: few rows wait for more, for a day at most. */
const ALL_MOVED_MS = 28 * HOUR_MS
const BUCKETS = 60
/** Reads before the measurement: code is compiled by then. */
const WARM_UP = 200
/** Readings of a chart take longer than those of an hour. */
const CHARTS_PER_HOUR_READ = 0.2

interface Plan {
  readonly assets: number
  readonly hours: number
  /** Full hour. */
  readonly start_ms: number
  readonly reads: number
}

/** Microseconds of CPU. */
interface Cpu {
  readonly node: number
  readonly database: number
}

interface Round {
  /** Bytes of each table, without those of an empty database. */
  readonly sizes: Readonly<Record<'stored' | 'moved' | 'compacted', Sizes>>
  /** Of what the name says, once. */
  readonly cpu: Readonly<Record<string, Cpu>>
}

export async function rest(): Promise<void> {
  const { values } = parseArgs({
    args: process.argv.slice(3),
    options: {
      assets: { type: 'string', default: '10' },
      hours: { type: 'string', default: '17' },
      reads: { type: 'string', default: '1000' },
      rounds: { type: 'string', default: '3' },
      store: ROUND_OPTIONS.store,
      json: ROUND_OPTIONS.json,
    },
  })
  const plan = planOf(Number(values.assets), Number(values.hours), Number(values.reads))
  const results: Result[] = []
  pinThisProcess(SERVER_CORE)
  for (const store of STORES.filter((one) => values.store.includes(one))) {
    await using opened = new AsyncDisposableStack()
    const places = await startPlaces(store, opened)
    const rounds: Round[] = []
    for (let round = 1; round <= Number(values.rounds); round++) {
      print(`${store}, round ${round} (load average ${loadavg()[0]?.toFixed(1)})`)
      rounds.push(await measure(places, plan))
    }
    results.push(resultOf(store, rounds, reportsOf(plan)))
  }
  if (values.json) process.stdout.write(`${JSON.stringify(results, null, 2)}\n`)
  else results.forEach(show)
  keep('rest', { ...plan, results })
}

/** The last hours before the present one. */
function planOf(assets: number, hours: number, reads: number): Plan {
  // The half that is moved first has a whole hour, and so has the other.
  if (!(hours >= 4)) throw new UsageError('--hours must be at least 4')
  const end_ms = Math.floor(Date.now() / HOUR_MS) * HOUR_MS
  return { assets, hours, reads, start_ms: end_ms - hours * HOUR_MS }
}

const endOf = ({ start_ms, hours }: Plan): number => start_ms + hours * HOUR_MS
const reportsOf = ({ assets, hours }: Plan): number => assets * hours * 60

async function measure(places: Places, plan: Plan): Promise<Round> {
  const atOnce = await moveAtOnce(places, plan)
  return { ...atOnce, cpu: { ...atOnce.cpu, ...(await moveHourly(places, plan)) } }
}

/** All reports are young until one maintenance moves the values of all. */
async function moveAtOnce(places: Places, plan: Plan): Promise<Round> {
  const reader = { places, plan, from_ms: plan.start_ms, hours: plan.hours }
  const place = await places.open()
  try {
    // An asset that is not read; PostgreSQL has pages for each partition, however few its rows.
    await place.store.append([observationAt(plan.start_ms, plan.assets, 0)])
    const empty = await place.sizes()
    await fill(place, plan)
    await place.vacuum()
    const stored = await place.sizes()
    const youngHour = await readHours({ ...reader, place })
    const youngChart = await readCharts({ ...reader, place })
    const moving = await cpuOf(places, () => place.store.maintain(endOf(plan) + ALL_MOVED_MS, null))
    await place.vacuum()
    const moved = await place.sizes()
    await place.compact()
    const compacted = await place.sizes()
    return {
      sizes: {
        stored: difference(stored, empty),
        moved: difference(moved, empty),
        compacted: difference(compacted, empty),
      },
      cpu: {
        'moving, at once': each(moving, reportsOf(plan)),
        'an hour, young': youngHour,
        'an hour, old': await readHours({ ...reader, place }),
        'a chart, young': youngChart,
        'a chart, old': await readCharts({ ...reader, place }),
      },
    }
  } finally {
    await place.close()
  }
}

/** As a server does it. Half way, an hour is read of which half is old. */
async function moveHourly(places: Places, plan: Plan): Promise<Round['cpu']> {
  const place = await places.open()
  try {
    await fill(place, plan)
    await place.vacuum()
    const middle = Math.floor(plan.hours / 2)
    const moveHours = async (from: number, to: number): Promise<Cpu> => {
      let sum: Cpu = { node: 0, database: 0 }
      for (let hour = from; hour < to; hour++) {
        // Rows are old an hour after their own is over.
        const nowMs = plan.start_ms + (hour + 2) * HOUR_MS
        sum = plus(sum, await cpuOf(places, () => place.store.maintain(nowMs, null)))
        await place.vacuum()
      }
      return sum
    }
    const before = await moveHours(0, middle)
    const from_ms = plan.start_ms + middle * HOUR_MS - HOUR_MS / 2
    const mixed = await readHours({ places, plan, place, from_ms, hours: 1 })
    const after = await moveHours(middle, plan.hours)
    return {
      'moving, each hour': each(plus(before, after), reportsOf(plan)),
      'an hour, half old': mixed,
    }
  } finally {
    await place.close()
  }
}

/** Minute by minute, one report of each asset. */
async function fill({ store }: Place, { assets, hours, start_ms }: Plan): Promise<void> {
  for (let minute = 0; minute < hours * 60; minute++) {
    const batch = Array.from({ length: assets }, (_, asset) =>
      observationAt(start_ms, asset, minute),
    )
    await store.append(batch)
  }
}

interface Reading {
  readonly places: Places
  readonly place: Place
  readonly plan: Plan
  /** The hours to read, in turn. */
  readonly from_ms: number
  readonly hours: number
}

async function readHours({ places, place, plan, from_ms, hours }: Reading): Promise<Cpu> {
  return eachOf(places, plan.reads, async (index) => {
    const hour_ms = from_ms + (index % hours) * HOUR_MS
    const { rows } = await place.store.metrics(TENANT, assetId(index % plan.assets), {
      key: keyAt(index),
      from_ms: hour_ms,
      to_ms: hour_ms + HOUR_MS,
      after: null,
      limit: 1000,
    })
    // A report at the border may be a second late.
    if (Math.abs(rows.length - 60) > 1) throw new Error(`an hour has ${rows.length} values`)
  })
}

async function readCharts({ places, place, plan }: Reading): Promise<Cpu> {
  const charts = Math.ceil(plan.reads * CHARTS_PER_HOUR_READ)
  const bucketMs = (plan.hours * HOUR_MS) / BUCKETS
  return eachOf(places, charts, async (index) => {
    const buckets = await place.store.metricBuckets(TENANT, assetId(index % plan.assets), {
      key: keyAt(index),
      from_ms: plan.start_ms,
      to_ms: endOf(plan),
      bucketMs,
    })
    const count = buckets.reduce((sum, bucket) => sum + bucket.count, 0)
    if (count !== plan.hours * 60) throw new Error(`a chart has ${count} values`)
  })
}

const keyAt = (index: number): string => KEYS[index % KEYS.length] as string

/** The CPU of one of so many calls. */
async function eachOf(
  places: Places,
  times: number,
  work: (index: number) => Promise<void>,
): Promise<Cpu> {
  for (let index = 0; index < WARM_UP; index++) await work(index)
  const all = await cpuOf(places, async () => {
    for (let index = 0; index < times; index++) await work(index)
  })
  return each(all, times)
}

async function cpuOf(places: Places, work: () => Promise<unknown>): Promise<Cpu> {
  const before = places.databaseCpu()
  const own = process.cpuUsage()
  await work()
  const { user, system } = process.cpuUsage(own)
  return { node: user + system, database: (places.databaseCpu() - before) * 1e6 }
}

function each({ node, database }: Cpu, count: number): Cpu {
  return { node: node / count, database: database / count }
}

function plus(one: Cpu, other: Cpu): Cpu {
  return { node: one.node + other.node, database: one.database + other.database }
}

function difference(sizes: Sizes, empty: Sizes): Sizes {
  return Object.fromEntries(
    Object.entries(sizes).map(([table, bytes]) => [table, bytes - (empty[table] ?? 0)]),
  )
}

interface Result {
  readonly store: string
  /** Bytes a report, by table. */
  readonly sizes: Readonly<Record<string, Record<string, number>>>
  readonly cpu: Readonly<Record<string, Record<string, number | string>>>
}

/** Sizes are the same in every round; of the CPU, the median and the range. */
function resultOf(store: string, rounds: readonly Round[], reports: number): Result {
  const { sizes, cpu } = rounds.at(-1) as Round
  const tables = [...new Set(Object.values(sizes).flatMap((one) => Object.keys(one)))]
  const bytes = (table: string) => {
    const perReport = Object.entries(sizes).map(([state, one]) => [state, one[table] ?? 0] as const)
    return Object.fromEntries(perReport.map(([state, sum]) => [state, rounded(sum / reports)]))
  }
  const shown = tables
    .map((table) => [table, bytes(table)] as const)
    .filter(([, row]) => Object.values(row).some((one) => one !== 0))
    .toSorted(([, one], [, other]) => (other.stored as number) - (one.stored as number))
  const total = Object.entries(sizes).map(([state, one]) => {
    return [state, rounded(Object.values(one).reduce((sum, size) => sum + size, 0) / reports)]
  })
  return {
    store,
    sizes: { ...Object.fromEntries(shown), total: Object.fromEntries(total) },
    cpu: Object.fromEntries(
      Object.keys(cpu).map((what) => [what, cpuRow(rounds.map((one) => one.cpu[what] as Cpu))]),
    ),
  }
}

function cpuRow(rounds: readonly Cpu[]): Record<string, number | string> {
  const sums = rounds.map(({ node, database }) => node + database).toSorted((a, b) => a - b)
  const of = (part: (cpu: Cpu) => number): number => rounded(median(rounds.map(part)))
  return {
    'CPU µs': of(({ node, database }) => node + database),
    'of Node': of(({ node }) => node),
    'of the database': of(({ database }) => database),
    range: `${rounded(sums[0] as number)} to ${rounded(sums.at(-1) as number)}`,
  }
}

function show({ store, sizes, cpu }: Result): void {
  console.log(`${store}, bytes a report`)
  console.table(sizes)
  console.log(`${store}, CPU: of a report for moving, of each call for reading`)
  console.table(cpu)
}

function rounded(value: number): number {
  return Math.round(value * 10) / 10
}
