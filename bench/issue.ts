/**
 * How many tokens per second one core issues, beside an upper limit and a peer.
 *
 * Each round runs all contenders in turn: the limit (cryptography alone, and a bare server that
 * sends the same bytes), ModularIoT on each store, `oidc-provider`, and servers of others that run
 * already (`--peer`). Each that this program starts has one core, and the load generator has the
 * other; with `--cores 2` servers and load share both.
 */

import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import type { CryptoLoad, CryptoResult, Operation } from './issue/bare-crypto.ts'
import type { BenchClient, Target } from './issue/clients.ts'
import { makeClients } from './issue/make-clients.ts'
import type { PeerSetup } from './issue/peer.ts'
import { assertRightAnswer, loadOf, operationsOf, ROWS, type Row } from './issue/rows.ts'
import { PEER_OPTIONS, runningPeers } from './issue/running-peers.ts'
import type { BareAnswer } from './support/bare-server.ts'
import {
  CAN_PIN,
  type Child,
  cpuSeconds,
  LOAD_CORE,
  pinThisProcess,
  SERVER_CORE,
  startChild,
} from './support/child.ts'
import { CONNECTIONS, type Load, type LoadResult } from './support/load.ts'
import { type Generator, measureServer } from './support/measure-server.ts'
import { ROUND_OPTIONS } from './support/options.ts'
import { STORES, type StoreKind, startOurs } from './support/our-server.ts'
import { inSequence, type Line, linesOf, type Sample } from './support/report.ts'
import { print, tell } from './support/results.ts'

interface Server extends Target {
  readonly name: string
  readonly port: number
  readonly pids: () => readonly number[]
  readonly clients: readonly BenchClient[]
  /** Names of the rows that it can take part in. Default: all. */
  readonly rows?: readonly string[]
}

interface Bench {
  readonly seconds: number
  readonly connections: number
  readonly generator: Generator
  readonly crypto: Child<CryptoLoad, CryptoResult>
  readonly bare: Child<BareAnswer, number>
  /** Ours, and those of `--peer`. */
  readonly contenders: readonly Server[]
  /** `oidc-provider`, which all are compared with. */
  readonly peer: Server
  /** Key pair of the clients that sign. */
  readonly clientKey: KeyObject
}

export async function issue(): Promise<void> {
  const { values } = parseArgs({
    args: process.argv.slice(3),
    options: {
      ...ROUND_OPTIONS,
      row: { type: 'string', multiple: true, default: ROWS.map(({ name }) => name) },
      connections: { type: 'string', multiple: true, default: [String(CONNECTIONS)] },
      // MIOT_RSA_LIBRARY of our servers. Several: a server with each.
      'rsa-library': { type: 'string', multiple: true, default: ['auto'] },
      // MIOT_WORKERS of our servers. Several: a server with each. For more than one, `--cores 2`.
      workers: { type: 'string', multiple: true, default: ['1'] },
      cores: { type: 'string', default: '1' },
      ...PEER_OPTIONS,
    },
  })
  const variants = values['rsa-library'].flatMap((library) =>
    values.workers.map((workers) => ({ library, workers })),
  )
  const stores = STORES.filter((store) => values.store.includes(store))
  const rows = ROWS.filter(({ name }) => values.row.includes(name))
  const others = runningPeers(values)
  if (values.cores !== '2') pinThisProcess(SERVER_CORE)
  if (!CAN_PIN) print('No taskset here, or one core: servers and load share the cores')
  const opened = new AsyncDisposableStack()
  const lines: Line[] = []
  try {
    const cores = values.cores === '2' ? null : SERVER_CORE
    const started = await prepare(stores, variants, Number(values.seconds), cores, opened)
    const bench = { ...started, contenders: [...started.contenders, ...others] }
    await warmUp(bench)
    for (const row of rows) {
      for (const connections of values.connections.map(Number)) {
        print(`${row.name}, ${connections} connections (load average ${loadavg()[0]?.toFixed(1)})`)
        const found = await measure(row, Number(values.rounds), { ...bench, connections })
        const several = values.connections.length > 1
        lines.push(
          ...found.map((line) =>
            several ? { ...line, row: `${line.row}, ${connections}` } : line,
          ),
        )
      }
    }
  } finally {
    await opened.disposeAsync()
  }
  tell('issue', lines, values.json)
}

/**
 * @param core of the peer and the limit; null: any.
 * @param opened the resources to close, the last first.
 */
async function prepare(
  stores: readonly StoreKind[],
  variants: readonly Variant[],
  seconds: number,
  core: number | null,
  opened: AsyncDisposableStack,
): Promise<Bench> {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const jwks = { keys: [publicKey.export({ format: 'jwk' })] }
  const start = <Call, Answer>(file: string, on = core): Child<Call, Answer> => {
    const child = startChild<Call, Answer>(new URL(file, import.meta.url), on)
    opened.defer(() => child.stop())
    return child
  }
  const ours: Server[] = []
  for (const store of stores) {
    for (const { library, workers } of variants) {
      const settings = { MIOT_RSA_LIBRARY: library, MIOT_WORKERS: workers }
      const server = await startOurs(store, false, settings)
      opened.defer(() => server.stop())
      const { issuer, port, pids } = server
      const path = '/oauth2/token'
      const clients = await makeClients(server, jwks)
      const different = [
        ...(variants.some((other) => other.library !== library) ? [nameOf(library)] : []),
        ...(variants.some((other) => other.workers !== workers) ? [`workers ${workers}`] : []),
      ]
      const name = ['us', store, ...different].join(', ')
      ours.push({ issuer, port, pids, path, clients, name })
    }
  }
  const clients = ours[0]?.clients ?? []
  const oidcProvider = start<PeerSetup, number>('./issue/peer.ts')
  const port = await oidcProvider.send({ clients, jwks })
  const issuer = `http://localhost:${port}`
  return {
    seconds,
    connections: CONNECTIONS,
    generator: start<Load, LoadResult>('./support/load-generator.ts', LOAD_CORE),
    crypto: start('./issue/bare-crypto.ts', SERVER_CORE),
    bare: start('./support/bare-server.ts', SERVER_CORE),
    contenders: ours,
    peer: { name: 'peer', port, pids: () => [oidcProvider.pid], issuer, path: '/token', clients },
    clientKey: privateKey,
  }
}

/** Settings of one of our servers. */
interface Variant {
  readonly library: string
  readonly workers: string
}

/** Not the path, which tells nothing. */
const nameOf = (library: string): string => `RSA library ${library.includes('/') ? 'on' : library}`

/**
 * A server runs for days, so compilation in its first seconds must not count. The warm-up uses the
 * cheapest signature, which reaches the compiled state soonest: with RS256 all contenders would
 * still compile in every round.
 */
async function warmUp(bench: Bench): Promise<void> {
  for (const server of [bench.peer, ...bench.contenders]) {
    const cheapest = ['ES256', 'RS256'].find((name) => takesPart(server, name))
    const row = ROWS.find(({ name }) => name === cheapest) as Row
    await runRow(server, row, { ...bench, seconds: WARM_UP_SECONDS }, 0)
  }
}

const takesPart = ({ rows }: Server, row: string): boolean => rows?.includes(row) ?? true

const WARM_UP_SECONDS = 8

async function measure(row: Row, rounds: number, bench: Bench): Promise<Line[]> {
  const { peer } = bench
  const contenders = bench.contenders.filter((server) => takesPart(server, row.name))
  // This round does not count; it tells how many requests are needed.
  const fastest = new Map<Server, number>()
  const samples = new Map<Server, Sample[]>()
  let sample = ''
  for (const server of [peer, ...contenders]) {
    const warm = await runRow(server, row, bench, WARM_UP_REQUESTS * bench.seconds)
    assertRightAnswer(row, server.name, warm.result.sample)
    fastest.set(server, warm.sample.perSecond)
    samples.set(server, [])
    sample = warm.result.sample
  }
  const bare = {
    ...(contenders[0] as Server),
    pids: () => [bench.bare.pid],
    port: await bench.bare.send({ sample }),
  }
  const operations = operationsOf(row, sample)
  const limit: Sample[] = []
  for (let round = 0; round < rounds; round++) {
    limit.push(await askLimit(bare, operations, row, bench))
    for (const server of [...contenders, peer]) {
      const needed = Math.ceil((fastest.get(server) ?? 0) * bench.seconds * 1.5)
      samples.get(server)?.push((await runRow(server, row, bench, needed)).sample)
    }
  }
  return linesOf(row.name, {
    limit,
    peer: samples.get(peer) ?? [],
    ours: Object.fromEntries(contenders.map((server) => [server.name, samples.get(server) ?? []])),
  })
}

/** More requests per second than any contender answers. */
const WARM_UP_REQUESTS = 3000

async function runRow(server: Server, row: Row, bench: Bench, atMost: number) {
  const load = await loadOf(row, server, server.clients, bench.clientKey, atMost)
  const { seconds, connections } = bench
  const { port } = server
  return measureServer(bench.generator, server.pids, { ...load, port, seconds, connections })
}

/** One core that does both, in sequence. */
async function askLimit(
  bare: Server,
  operations: readonly Operation[],
  row: Row,
  bench: Bench,
): Promise<Sample> {
  const load = await loadOf(row, bare, bare.clients, bench.clientKey, 1000)
  const cpu = cpuSeconds(bare.pids())
  const { seconds, connections } = bench
  const { port } = bare
  const http = await bench.generator.send({ ...load, once: false, port, seconds, connections })
  const httpCpu = (cpuSeconds(bare.pids()) - cpu) / http.answers
  const { p50Ms, p99Ms, generatorBusy } = http
  const perSecond = http.answers / http.elapsedSeconds
  const answered = { perSecond, cpuMicros: httpCpu * 1e6, p50Ms, p99Ms, generatorBusy }
  if (operations.length === 0) return answered
  const crypto = await bench.crypto.send({ operations, seconds })
  return inSequence(answered, {
    ...answered,
    perSecond: crypto.times / crypto.elapsedSeconds,
    cpuMicros: (crypto.cpuSeconds / crypto.times) * 1e6,
  })
}
