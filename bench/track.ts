/**
 * How many reports per second one core stores, each on disk before its response, beside a bare
 * server that reads the same body, writes nothing and sends the same bytes; and beside that server
 * plus a loop of prepared inserts into the same tables, in sequence, with as many rows per
 * transaction as connections wait.
 */

import { loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import { type Inserter, insertTurn, startInserter } from './batch/insert-turn.ts'
import type { BareAnswer } from './support/bare-server.ts'
import { type Child, SERVER_CORE, startChild } from './support/child.ts'
import { CONNECTIONS } from './support/load.ts'
import { ROUND_OPTIONS } from './support/options.ts'
import { inSequence, type Line, linesOf, type Sample } from './support/report.ts'
import { print, tell } from './support/results.ts'
import { ASSETS, KINDS, type Kind, reports, trackRequest } from './telemetry/reports.ts'
import { type Field, startField, turn, type Work } from './telemetry/servers.ts'

const PATH = '/v1/asset/track'

export async function track(): Promise<void> {
  const { values } = parseArgs({
    args: process.argv.slice(3),
    options: {
      ...ROUND_OPTIONS,
      row: { type: 'string', multiple: true, default: Object.keys(KINDS) },
      profile: { type: 'boolean', default: false },
    },
  })
  const opened = new AsyncDisposableStack()
  const lines: Line[] = []
  try {
    const field = await startField(values.store, values.profile, opened)
    const bare = startChild<BareAnswer, number>(
      new URL('./support/bare-server.ts', import.meta.url),
      SERVER_CORE,
    )
    opened.defer(() => bare.stop())
    const limits: Limits = { bare, inserter: startInserter(opened) }
    for (const kind of values.row as Kind[]) {
      print(`${kind} (load average ${loadavg()[0]?.toFixed(1)})`)
      const turns = { rounds: Number(values.rounds), seconds: Number(values.seconds) }
      lines.push(...(await measure(kind, turns, field, limits)))
    }
  } finally {
    await opened.disposeAsync()
  }
  tell('track', lines, values.json)
}

interface Limits {
  readonly bare: Child<BareAnswer, number>
  readonly inserter: Inserter
}

/**
 * The tables that a report is written to, without the request lookup and the update of the asset.
 */
const TABLES = ['observations', 'requests', 'positions', 'metrics'] as const

async function measure(
  kind: Kind,
  { rounds, seconds }: { readonly rounds: number; readonly seconds: number },
  field: Field,
  { bare, inserter }: Limits,
): Promise<Line[]> {
  const bodies = reports(kind, 10 * ASSETS)
  const work: Work = {
    requests: (tokens) =>
      bodies.map((body, index) =>
        trackRequest(PATH, tokens[index % tokens.length] as string, body),
      ),
  }
  // This round does not count; code is compiled after it.
  let answer = ''
  const contenders = []
  for (const contender of field.ours) {
    answer = (await turn(field, contender, work, seconds)).answer
    contenders.push({ contender, durable: [] as Sample[], us: [] as Sample[] })
  }
  const limit: Sample[] = []
  const port = await bare.send({ sample: answer })
  const tokens = field.ours[0]?.tokens ?? []
  const target = { port, tokens, pids: () => [bare.pid] }
  await turn(field, target, work, 1)
  for (let round = 0; round < rounds; round++) {
    const http = (await turn(field, target, work, seconds)).sample
    limit.push(http)
    for (const { contender, durable, us } of contenders) {
      const load = { kind, items: CONNECTIONS, of: 'the fleet', seconds, tables: TABLES } as const
      durable.push(inSequence(http, await insertTurn(inserter, contender, load)))
      us.push((await turn(field, contender, work, seconds)).sample)
    }
  }
  const answered = contenders.map(({ contender, us }) => [contender.name, us])
  return [
    ...linesOf(`${kind}, answered`, { limit, ours: Object.fromEntries(answered) }),
    ...contenders.flatMap(({ contender: { store, name }, durable, us }) =>
      linesOf(`${kind}, on disk, ${store}`, { limit: durable, ours: { [name]: us } }),
    ),
  ]
}
