/**
 * Several times more reports than can be written arrive, alternating with a load that fits.
 *
 * Guarantee: excess batches get 429 with `Retry-After`; goodput, the acknowledged items per second,
 * stays near its normal value; acknowledged items are stored once and complete, refused ones are
 * not; the wait is bounded by the depth of the queue; all other requests are answered at the same
 * time, including single reports; memory stays bounded. Three rounds of each in turn, `--quick` two
 * short ones; `--rounds N`, `--seconds N`, `--times N` for the factor, `--store sqlite|postgres`
 * for one only.
 */

import assert from 'node:assert/strict'
import { parseArgs } from 'node:util'
import { startPostgres } from '@modulariot/platform/testing/postgres'
import { openConnection } from '../conformance/support/connection.ts'
import { type RunningServer, startServer } from '../conformance/support/running-server.ts'
import { accessToken } from '../conformance/support/token-requests.ts'
import { type Sent, type Shape, sendBatches } from './support/batch-load.ts'
import { type Latencies, standBy } from './support/bystanders.ts'
import { megabytes, memoryOf } from './support/memory.ts'
import { requestName, storedRequests } from './support/stored-requests.ts'
import { summarize } from './support/summary.ts'
import { STORES, type StoreKind } from './support/two-instances.ts'

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    seconds: { type: 'string' },
    times: { type: 'string', default: '4' },
    store: { type: 'string' },
  },
})
const ROUNDS = Number(values.rounds ?? (values.quick ? 2 : 3))
const SECONDS = Number(values.seconds ?? (values.quick ? 0.5 : 3))
const TIMES = Number(values.times)

interface Overload extends Shape {
  /** Minimum goodput, as a fraction of the fitting load's. */
  readonly leastRatio: number
  /** Too long for --quick. */
  readonly long?: true
}

/**
 * The limit that fills the queue: its 10,000 observations, or its 64 Mi characters. Reading a byte
 * from the network costs nearly as much as storing it, even for a refusal, so two cores that also
 * run the load cannot keep up.
 */
const OVERLOADS: Readonly<Record<string, Overload>> = {
  'by number': { items: 500, filler: 0, leastRatio: 0.5 },
  'by size': { items: 8, filler: 500_000, leastRatio: 0.25, long: true },
}
/** The fitting load at once is less than the queue holds. */
const FITTING_CONNECTIONS = 8
/** The connections of the overload. */
const CONNECTIONS = 64
/**
 * 10,000 observations wait and 1,000 are written, in batches of 500; for large ones the limit is 64
 * Mi characters.
 */
const QUEUED_BATCHES = 22
/** Enough to fill it, including the batches that are written at the same time. */
const FILLING_BATCHES = 100

/** Added to the expected wait: a shared machine stalls now and then. */
const STANDSTILL_MS = 2000
const MAX_GROWTH_BYTES = 768 * 1024 ** 2

const print = (text: string): void => void process.stdout.write(`${text}\n`)

interface Round {
  readonly fits: Sent
  readonly over: Sent
  readonly others: Latencies
  /** Memory of the server's process after each, bytes. */
  readonly memory: readonly [number, number]
}

/** Items per second. */
const goodput = ({ acknowledged, seconds }: Sent, { items }: Shape): number =>
  (acknowledged.length * items) / seconds

async function round(server: RunningServer, token: string, shape: Shape): Promise<Round> {
  const load = { shape, seconds: SECONDS }
  const fits = await sendBatches(server.url, token, { ...load, connections: FITTING_CONNECTIONS })
  assert.equal(fits.refused.length, 0, 'what fits is taken')
  const before = memoryOf(server, 'peak')
  const end = new AbortController()
  const standing = standBy(server, token, end.signal)
  const pace = (TIMES * goodput(fits, shape)) / shape.items
  const seconds = Math.max(SECONDS, FILLING_BATCHES / pace)
  const over = await sendBatches(server.url, token, {
    ...{ shape, pace, seconds },
    connections: CONNECTIONS,
  })
  end.abort()
  const others = await standing
  const after = memoryOf(server, 'peak')
  return { fits, over, others, memory: [before, after] }
}

function judge({ fits, over, memory }: Round, shape: Shape): number {
  assert.ok(over.refused.length > 0, 'excess batches are refused')
  const batchMs = (1000 * shape.items) / goodput(over, shape)
  const { max } = summarize(over.latencies)
  const longest = 2 * QUEUED_BATCHES * batchMs + STANDSTILL_MS
  assert.ok(max <= longest, `an acknowledged batch took ${Math.round(max)} ms`)
  const [before, after] = memory
  assert.ok(!(after - before > MAX_GROWTH_BYTES), `memory grew to ${megabytes(after)}`)
  return goodput(over, shape) / goodput(fits, shape)
}

const times = (latencies: readonly number[]): string => {
  const { p50, p99, max } = summarize(latencies)
  return `p50 ${p50.toFixed(0)}, p99 ${p99.toFixed(0)}, max ${max.toFixed(0)} ms`
}

function report({ fits, over, others, memory }: Round, shape: Shape): void {
  const rate = (sent: Sent): string => `${Math.round(goodput(sent, shape))}/s`
  const { acknowledged, refused, seconds } = over
  const offered = ((acknowledged.length + refused.length) * shape.items) / seconds
  print(`  fits: ${rate(fits)}, ${times(fits.latencies)}`)
  print(
    `  over: ${rate(over)}, ${times(over.latencies)}; ${Math.round(offered)}/s offered, ${refused.length} refused`,
  )
  for (const [name, latencies] of Object.entries(others)) print(`    ${name}: ${times(latencies)}`)
  print(`    memory at most ${megabytes(memory[0])} before, ${megabytes(memory[1])} after`)
}

/** By request id. */
interface Batches {
  readonly acknowledged: Map<string, Shape>
  readonly refused: Map<string, Shape>
}

/** Every batch of `acknowledged` is stored once and complete, and none of `refused`. */
async function assertHeld(
  place: string,
  client_id: string,
  { acknowledged, refused }: Batches,
): Promise<void> {
  const { requests, reports } = await storedRequests(place)
  const storedOf = ([request_id, { items }]: readonly [string, Shape]): number => {
    const names = Array.from({ length: items }, (_, item) =>
      requestName(client_id, request_id, item),
    )
    return names.filter((name) => requests.has(name)).length
  }
  for (const one of acknowledged) {
    assert.equal(storedOf(one), one[1].items, 'acknowledged batches are stored')
  }
  for (const one of refused) assert.equal(storedOf(one), 0, 'no refused batch is stored')
  const half = reports.filter((one) => one.positions !== 1 || one.metrics !== 1 || one.events !== 1)
  assert.deepEqual(half, [], 'no item is incomplete')
}

async function alternate(
  server: RunningServer,
  token: string,
  one: Overload,
  { acknowledged, refused }: Batches,
): Promise<void> {
  const note = (sent: Sent): void => {
    for (const id of sent.acknowledged) acknowledged.set(id, one)
    for (const id of sent.refused) refused.set(id, one)
  }
  const little = { shape: one, connections: 1, seconds: 0.2 }
  // Runs once before, so that the code is compiled.
  note(await sendBatches(server.url, token, little))
  const ratios: number[] = []
  for (let count = 0; count < ROUNDS; count++) {
    const result = await round(server, token, one)
    report(result, one)
    ratios.push(judge(result, one))
    note(result.fits)
    note(result.over)
  }
  const after = await sendBatches(server.url, token, little)
  assert.equal(after.refused.length, 0, 'afterwards it is as before')
  print(
    `  goodput relative to the fitting load: ${ratios.map((ratio) => ratio.toFixed(2)).join(', ')}`,
  )
  const best = Math.max(...ratios)
  assert.ok(best >= one.leastRatio, `goodput fell to ${best.toFixed(2)}`)
  note(after)
}

async function overload(store: StoreKind): Promise<void> {
  const postgres = store === 'postgres' ? await startPostgres() : null
  const url = await postgres?.createDatabase()
  // No budget of processor time: the test is about a full queue.
  const common = { MIOT_LOG_LEVEL: 'silent', MIOT_API_CLIENT_CPU: '0' }
  const settings = { ...common, ...(url && { MIOT_DATABASE_URL: url }) }
  const server = await startServer(settings)
  try {
    const connection = openConnection(server.url)
    const token = await accessToken(connection, server.credentials)
    connection.close()
    const batches: Batches = { acknowledged: new Map(), refused: new Map() }
    for (const [name, one] of Object.entries(OVERLOADS)) {
      if (values.quick && one.long) continue
      print(`${store}, the queue is full ${name}:`)
      await alternate(server, token, one, batches)
    }
    await assertHeld(url ?? server.dataDir, server.credentials.client_id, batches)
    print(
      `  ${batches.acknowledged.size} batches acknowledged: lost 0, duplicated 0, incomplete 0, refused ones 0`,
    )
  } finally {
    await server.stop()
    await postgres?.stop()
  }
}

for (const store of STORES) {
  if (values.store === undefined || values.store === store) await overload(store)
}
