/** ModularIoT on each store, with a fleet and its tokens, and the load generator. */

import { CAN_PIN, LOAD_CORE, pinThisProcess, SERVER_CORE, startChild } from '../support/child.ts'
import type { Load, LoadResult } from '../support/load.ts'
import { type Generator, measureServer } from '../support/measure-server.ts'
import { type OurServer, STORES, type StoreKind, startOurs } from '../support/our-server.ts'
import type { Sample } from '../support/report.ts'
import { print } from '../support/results.ts'
import { fleetTokens } from './fleet.ts'

const CLIENTS = 100

export interface Contender extends OurServer {
  readonly name: string
  readonly tokens: readonly string[]
}

export interface Field {
  readonly generator: Generator
  readonly ours: readonly Contender[]
}

/** @param opened the resources to close, the last first. */
export async function startField(
  stores: readonly string[],
  profile: boolean,
  opened: AsyncDisposableStack,
): Promise<Field> {
  pinThisProcess(SERVER_CORE)
  if (!CAN_PIN) print('No taskset here, or one core: servers and load share the cores')
  const file = new URL('../support/load-generator.ts', import.meta.url)
  const generator = startChild<Load, LoadResult>(file, LOAD_CORE)
  opened.defer(() => generator.stop())
  const ours: Contender[] = []
  for (const store of STORES.filter((one: StoreKind) => stores.includes(one))) {
    const server = await startOurs(store, profile)
    opened.defer(() => server.stop())
    ours.push({ ...server, name: `us, ${store}`, tokens: await fleetTokens(server, CLIENTS) })
  }
  return { generator, ours }
}

/** The requests for every contender, except for the token. */
export interface Work {
  readonly requests: (tokens: readonly string[]) => string[]
  readonly connections?: number
  /** How many units a request contains. */
  readonly unit?: number
}

/** One round of one contender. @throws Error for any response but 200. */
export async function turn(
  { generator }: Field,
  contender: Pick<Contender, 'port' | 'tokens' | 'pids'>,
  work: Work,
  seconds: number,
): Promise<{ sample: Sample; answer: string }> {
  const { port, tokens, pids } = contender
  const load: Load = {
    port,
    seconds,
    requests: work.requests(tokens),
    once: false,
    status: 200,
    requestsPerAddress: null,
    ...(work.connections !== undefined && { connections: work.connections }),
  }
  const { result, sample } = await measureServer(generator, pids, load, work.unit)
  return { sample, answer: result.sample }
}
