/**
 * How logins of a whole fleet compare with those of a few of its clients, on each store: the first
 * login of each client after a start, and further logins in random order.
 *
 * All rows are of the same server in turn, so that other load on the machine affects them alike.
 */

import { setTimeout } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { megabytes, memoryOf } from '../faults/support/memory.ts'
import { FLEET_SETTINGS, fillFleet } from './fleet/fill-fleet.ts'
import { AUDIENCES, type BenchClient, SCOPE, tokenRequest } from './issue/clients.ts'
import { cpuSeconds, LOAD_CORE, pinThisProcess, SERVER_CORE, startChild } from './support/child.ts'
import type { Load, LoadResult } from './support/load.ts'
import type { Generator } from './support/measure-server.ts'
import { ROUND_OPTIONS } from './support/options.ts'
import { type OurServer, STORES, startOurs } from './support/our-server.ts'
import type { Sample } from './support/report.ts'
import { keep, print } from './support/results.ts'
import { shuffled } from './support/shuffled.ts'

/** Those that log in again and again; their counters are few rows, too. */
const FEW = 300
/** Logins before anything is measured. */
const WARM_UP = 30_000
/**
 * A server counts in memory, and writes every three seconds: what each run causes belongs to it.
 */
const COUNTERS_WRITTEN_MS = 4000
/** As many of a larger fleet log in before the random order. */
const SEEN = 100_000

interface Line {
  readonly store: string
  readonly row: string
  readonly clients: 'few' | 'fleet'
  readonly 'CPU µs': number
  readonly 'of few': string
  readonly 'a second': number
  readonly 'p99 ms': number
}

/** One after the other, so that both meet the machine in the same state. */
interface Round {
  readonly few: Sample
  readonly fleet: Sample
}

export async function fleet(): Promise<void> {
  const { values } = parseArgs({
    args: process.argv.slice(3),
    options: {
      rounds: ROUND_OPTIONS.rounds,
      store: ROUND_OPTIONS.store,
      json: ROUND_OPTIONS.json,
      /** In each round of each row. */
      logins: { type: 'string', default: '8000' },
      clients: { type: 'string', default: '100000' },
      alg: { type: 'string', default: 'RS256' },
    },
  })
  pinThisProcess(SERVER_CORE)
  const lines: Line[] = []
  const generator = startChild<Load, LoadResult>(
    new URL('./support/load-generator.ts', import.meta.url),
    LOAD_CORE,
  )
  try {
    for (const store of STORES.filter((one) => values.store.includes(one))) {
      await using opened = new AsyncDisposableStack()
      const server = await startOurs(store, false, FLEET_SETTINGS)
      opened.defer(() => server.stop())
      lines.push(...(await measure(server, generator, values)))
    }
  } finally {
    await generator.stop()
  }
  if (values.json) process.stdout.write(`${JSON.stringify(lines, null, 2)}\n`)
  else console.table(lines)
  keep('fleet', lines)
}

interface Values {
  readonly rounds: string
  readonly logins: string
  readonly clients: string
  readonly alg: string
}

async function measure(server: OurServer, generator: Generator, values: Values): Promise<Line[]> {
  const [count, logins] = [Number(values.rounds), Number(values.logins)]
  const alg = values.alg as keyof typeof AUDIENCES
  await createAudiences(server)
  const clients = shuffled(await fillFleet(server, Number(values.clients)))
  await startAgain(server, clients[0] as BenchClient)
  const few = clients.splice(0, FEW)
  const run = async (some: readonly BenchClient[], by = alg) => {
    const cpu = cpuSeconds(server.pids())
    const result = await generator.send({
      ...{ requests: requestsOf(server, some, AUDIENCES[by]), once: true, status: 200 },
      ...{ port: server.port, seconds: 3600, requestsPerAddress: null },
    })
    await setTimeout(COUNTERS_WRITTEN_MS)
    return sampleOf(result, cpuSeconds(server.pids()) - cpu)
  }
  const again = (count: number) =>
    Array.from({ length: count }, (_, at) => few[at % FEW] as BenchClient)
  await run(again(WARM_UP), 'ES256')
  const rounds = { first: [] as Round[], again: [] as Round[] }
  const round = async (some: readonly BenchClient[]): Promise<Round> => {
    return { few: await run(again(logins)), fleet: await run(some) }
  }
  for (let number = 0; number < count; number++) {
    rounds.first.push(await round(clients.slice(number * logins, (number + 1) * logins)))
  }
  const seen = clients.slice(0, SEEN)
  await run(seen, 'ES256')
  const memory = megabytes(memoryOf({ pid: () => server.pids()[0] as number }, 'now'))
  print(`${server.store}: ${memory} after ${seen.length} clients have logged in`)
  for (let number = 0; number < count; number++) {
    rounds.again.push(await round(shuffled(seen).slice(0, logins)))
  }
  return Object.entries(rounds).flatMap(([row, all]) => linesOf(server.store, row, all))
}

function sampleOf(result: LoadResult, cpu: number): Sample {
  const { answers, elapsedSeconds, p50Ms, p99Ms, generatorBusy } = result
  const perSecond = answers / elapsedSeconds
  return { perSecond, cpuMicros: (cpu / answers) * 1e6, p50Ms, p99Ms, generatorBusy }
}

async function createAudiences({ miot }: OurServer): Promise<void> {
  for (const [alg, audience] of Object.entries(AUDIENCES)) {
    await miot(['audiences', 'create', audience, '--alg', alg, '--scope', ...SCOPE.split(' ')])
  }
}

/** Says how long it takes from the start of the process to the first token. */
async function startAgain(server: OurServer, { client_id, client_secret }: BenchClient) {
  const startedAt = performance.now()
  await server.restart()
  const body = new URLSearchParams({
    ...{ client_id, client_secret: client_secret as string, scope: SCOPE },
    ...{ grant_type: 'client_credentials', resource: AUDIENCES.RS256 },
  })
  const { status } = await fetch(`${server.issuer}/oauth2/token`, { method: 'POST', body })
  const wall = ((performance.now() - startedAt) / 1000).toFixed(2)
  const cpu = cpuSeconds(server.pids().slice(0, 1)).toFixed(2)
  print(`${server.store}: first token (${status}) ${wall} s after the start, ${cpu} s of CPU`)
}

function requestsOf(
  { issuer }: OurServer,
  clients: readonly BenchClient[],
  audience: string,
): string[] {
  const target = { issuer, path: '/oauth2/token' }
  return clients.map((client) => tokenRequest(target, client, audience))
}

function linesOf(store: string, row: string, rounds: readonly Round[]): Line[] {
  const ofFew = median(rounds.map(({ few, fleet }) => fleet.cpuMicros / few.cpuMicros))
  return (['few', 'fleet'] as const).map((who) => ({
    ...{ store, row, clients: who },
    'CPU µs': Math.round(median(rounds.map((round) => round[who].cpuMicros))),
    'of few': who === 'few' ? '' : ofFew.toFixed(2),
    'a second': Math.round(median(rounds.map((round) => round[who].perSecond))),
    'p99 ms': Math.round(median(rounds.map((round) => round[who].p99Ms))),
  }))
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
}
