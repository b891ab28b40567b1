/**
 * How many tokens a second one core issues, beside what nobody could beat and beside a peer.
 *
 * In each round everybody has a turn: the limit (cryptography alone, and a bare server that sends the same
 * bytes), us on each store, and `oidc-provider`. All of them have one core, and whoever asks has the other.
 */

import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import type { CryptoLoad, CryptoResult, Operation } from './issue/bare-crypto.ts'
import type { BareAnswer } from './issue/bare-server.ts'
import {
  CAN_PIN,
  type Child,
  cpuSeconds,
  LOAD_CORE,
  pinThisProcess,
  SERVER_CORE,
  startChild,
} from './issue/child.ts'
import type { BenchClient, Target } from './issue/clients.ts'
import type { Load, LoadResult } from './issue/load.ts'
import { type OurServer, type StoreKind, startOurs } from './issue/our-server.ts'
import type { PeerSetup } from './issue/peer.ts'
import { type Line, linesOf, type Sample, toTable } from './issue/report.ts'
import { assertRightAnswer, loadOf, operationsOf, ROWS, type Row } from './issue/rows.ts'

const STORES: readonly StoreKind[] = ['sqlite', 'postgres']
const RESULTS = new URL('./results/', import.meta.url)

interface Server extends Target {
  readonly name: string
  readonly port: number
  readonly pid: number
  readonly clients: readonly BenchClient[]
}

interface Bench {
  readonly seconds: number
  readonly generator: Child<Load, LoadResult>
  readonly crypto: Child<CryptoLoad, CryptoResult>
  readonly bare: Child<BareAnswer, number>
  readonly ours: readonly Server[]
  readonly peer: Server
  /** Of the clients that sign. */
  readonly clientKey: KeyObject
}

export async function issue(): Promise<void> {
  const { values } = parseArgs({
    args: process.argv.slice(3),
    options: {
      rounds: { type: 'string', default: '5' },
      seconds: { type: 'string', default: '3' },
      store: { type: 'string', multiple: true, default: [...STORES] },
      row: { type: 'string', multiple: true, default: ROWS.map(({ name }) => name) },
      json: { type: 'boolean', default: false },
    },
  })
  const stores = STORES.filter((store) => values.store.includes(store))
  const rows = ROWS.filter(({ name }) => values.row.includes(name))
  const say = (text: string): void => void process.stderr.write(`${text}\n`)
  pinThisProcess(SERVER_CORE)
  if (!CAN_PIN) say('No taskset here, or one core: servers and load share what there is')
  const opened = new AsyncDisposableStack()
  const lines: Line[] = []
  try {
    const bench = await prepare(stores, Number(values.seconds), opened)
    for (const row of rows) {
      say(`${row.name} (load average ${loadavg()[0]?.toFixed(1)})`)
      lines.push(...(await measure(row, Number(values.rounds), bench)))
    }
  } finally {
    await opened.disposeAsync()
  }
  if (values.json) process.stdout.write(`${JSON.stringify(lines, null, 2)}\n`)
  else console.table(toTable(lines))
  mkdirSync(RESULTS, { recursive: true })
  writeFileSync(new URL('issue.json', RESULTS), JSON.stringify(lines, null, 2))
}

/** @param opened what has to be ended, the last first. */
async function prepare(
  stores: readonly StoreKind[],
  seconds: number,
  opened: AsyncDisposableStack,
): Promise<Bench> {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const jwks = { keys: [publicKey.export({ format: 'jwk' })] }
  const start = <Question, Answer>(file: string, core: number): Child<Question, Answer> => {
    const child = startChild<Question, Answer>(file, core)
    opened.defer(() => child.stop())
    return child
  }
  const ours: (Server & OurServer)[] = []
  for (const store of stores) {
    const server = await startOurs(store, jwks)
    opened.defer(() => server.stop())
    ours.push({ ...server, name: `us, ${store}`, path: '/oauth2/token' })
  }
  const clients = ours[0]?.clients ?? []
  const oidcProvider = start<PeerSetup, number>('peer.ts', SERVER_CORE)
  const port = await oidcProvider.ask({ clients, jwks })
  const issuer = `http://localhost:${port}`
  return {
    seconds,
    generator: start('load-generator.ts', LOAD_CORE),
    crypto: start('bare-crypto.ts', SERVER_CORE),
    bare: start('bare-server.ts', SERVER_CORE),
    ours,
    peer: { name: 'peer', port, pid: oidcProvider.pid, issuer, path: '/token', clients },
    clientKey: privateKey,
  }
}

async function measure(row: Row, rounds: number, bench: Bench): Promise<Line[]> {
  const { ours, peer } = bench
  // A round that does not count: what compiles while running has compiled, and tells how much is needed.
  const fastest = new Map<Server, number>()
  const samples = new Map<Server, Sample[]>()
  let sample = ''
  for (const server of [peer, ...ours]) {
    const warm = await ask(server, row, bench, WARM_UP_REQUESTS * bench.seconds)
    assertRightAnswer(row, server.name, warm.result.sample)
    fastest.set(server, warm.sample.perSecond)
    samples.set(server, [])
    sample = warm.result.sample
  }
  const bare = {
    ...(ours[0] as Server),
    pid: bench.bare.pid,
    port: await bench.bare.ask({ sample }),
  }
  const operations = operationsOf(row, sample)
  const limit: Sample[] = []
  for (let round = 0; round < rounds; round++) {
    limit.push(await askLimit(bare, operations, row, bench))
    for (const server of [...ours, peer]) {
      const needed = Math.ceil((fastest.get(server) ?? 0) * bench.seconds * 1.5)
      samples.get(server)?.push((await ask(server, row, bench, needed)).sample)
    }
  }
  return linesOf(row.name, {
    limit,
    peer: samples.get(peer) ?? [],
    ours: Object.fromEntries(ours.map((server) => [server.name, samples.get(server) ?? []])),
  })
}

/** More a second than anybody answers. */
const WARM_UP_REQUESTS = 3000

async function ask(server: Server, row: Row, bench: Bench, atMost: number) {
  const load = await loadOf(row, server, server.clients, bench.clientKey, atMost)
  const cpu = cpuSeconds(server.pid)
  const { seconds } = bench
  const result = await bench.generator.ask({ ...load, port: server.port, seconds })
  const { answers, elapsedSeconds, p50Ms, p99Ms, generatorBusy } = result
  const cpuMicros = ((cpuSeconds(server.pid) - cpu) / answers) * 1e6
  const perSecond = answers / elapsedSeconds
  const sample: Sample = { perSecond, cpuMicros, p50Ms, p99Ms, generatorBusy }
  return { result, sample }
}

/** One core that does both, one after the other. */
async function askLimit(
  bare: Server,
  operations: readonly Operation[],
  row: Row,
  bench: Bench,
): Promise<Sample> {
  const load = await loadOf(row, bare, bare.clients, bench.clientKey, 1000)
  const cpu = cpuSeconds(bare.pid)
  const { seconds } = bench
  const http = await bench.generator.ask({ ...load, once: false, port: bare.port, seconds })
  const httpCpu = (cpuSeconds(bare.pid) - cpu) / http.answers
  const { p50Ms, p99Ms, generatorBusy } = http
  const httpSeconds = http.elapsedSeconds / http.answers
  if (operations.length === 0) {
    return { perSecond: 1 / httpSeconds, cpuMicros: httpCpu * 1e6, p50Ms, p99Ms, generatorBusy }
  }
  const crypto = await bench.crypto.ask({ operations, seconds })
  const perSecond = 1 / (httpSeconds + crypto.elapsedSeconds / crypto.times)
  const cpuMicros = (httpCpu + crypto.cpuSeconds / crypto.times) * 1e6
  return { perSecond, cpuMicros, p50Ms, p99Ms, generatorBusy }
}
