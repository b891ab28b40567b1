/**
 * Reports of one tenant to two servers on one PostgreSQL database, half to each; beside the same
 * load on one of them, and beside two tenants, one on each. All servers share a core.
 */

import { cpuSeconds, LOAD_CORE, startChild } from '../support/child.ts'
import { CONNECTIONS, type Load, type LoadResult } from '../support/load.ts'
import type { Generator } from '../support/measure-server.ts'
import { UsageError } from '../support/options.ts'
import { type Line, linesOf, type Sample } from '../support/report.ts'
import { fleetTokens } from '../telemetry/fleet.ts'
import type { Kind } from '../telemetry/reports.ts'
import { type Setting, smallFleet, type Turns } from './setting.ts'

/** Half of the load. */
interface Half {
  readonly generator: Generator
  readonly port: number
  readonly tokens: readonly string[]
}

export async function startInstances({ field, opened }: Setting) {
  const first = field.ours.find(({ store }) => store === 'postgres')
  if (first === undefined) throw new UsageError('--case instances is for --store postgres')
  const second = await first.another()
  opened.defer(() => second.stop())
  const other = startChild<Load, LoadResult>(
    new URL('../support/load-generator.ts', import.meta.url),
    LOAD_CORE,
  )
  opened.defer(() => other.stop())
  const elsewhere = await fleetTokens(first, first.tokens.length, 'production')
  const one: Half = { generator: field.generator, port: first.port, tokens: first.tokens }
  const two: Half = { generator: other, port: second.port, tokens: first.tokens }
  const pids = () => [...first.pids(), ...second.pids()]
  const contenders: Readonly<Record<string, readonly Half[]>> = {
    limit: [one, { ...two, port: first.port }],
    '2 instances, 1 tenant': [one, two],
    '2 instances, 2 tenants': [one, { ...two, tokens: elsewhere }],
  }
  return async (kind: Kind, { rounds, seconds }: Turns): Promise<Line[]> => {
    const samples = Object.fromEntries(Object.keys(contenders).map((who) => [who, [] as Sample[]]))
    // The first does not count; code is compiled after it.
    for (let round = -1; round < rounds; round++) {
      for (const [who, halves] of Object.entries(contenders)) {
        const sample = await load(kind, halves, pids, seconds)
        if (round >= 0) samples[who]?.push(sample)
      }
    }
    const { limit = [], ...ours } = samples
    return linesOf(`${kind}, limit: 1 instance, 1 tenant`, { limit, ours })
  }
}

async function load(
  kind: Kind,
  halves: readonly Half[],
  pids: () => number[],
  seconds: number,
): Promise<Sample> {
  const connections = CONNECTIONS / halves.length
  const loads = halves.map(({ generator, port, tokens }) => {
    const requests = smallFleet(kind).requests(tokens)
    const common = { once: false, status: 200, requestsPerAddress: null }
    return generator.send.bind(generator, { port, seconds, requests, connections, ...common })
  })
  const cpu = cpuSeconds(pids())
  const results = await Promise.all(loads.map((send) => send()))
  const cpuMicros = (cpuSeconds(pids()) - cpu) * 1e6
  const sum = (of: (result: LoadResult) => number): number =>
    results.reduce((total, result) => total + of(result), 0)
  return {
    perSecond: sum(({ answers, elapsedSeconds }) => answers / elapsedSeconds),
    cpuMicros: cpuMicros / sum(({ answers }) => answers),
    // Of the slower half.
    p50Ms: Math.max(...results.map(({ p50Ms }) => p50Ms)),
    p99Ms: Math.max(...results.map(({ p99Ms }) => p99Ms)),
    generatorBusy: sum(({ generatorBusy }) => generatorBusy),
  }
}
