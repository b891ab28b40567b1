/**
 * Reports of a small fleet, beside a bare server that reads the same body, writes nothing and sends
 * the same bytes; and beside that server plus a loop of prepared inserts into the same tables, in
 * sequence, with as many rows per transaction as connections wait.
 */

import { type Inserter, insertTurn, startInserter } from '../batch/insert-turn.ts'
import type { BareAnswer } from '../support/bare-server.ts'
import { type Child, SERVER_CORE, startChild } from '../support/child.ts'
import { CONNECTIONS } from '../support/load.ts'
import { inSequence, type Line, linesOf, type Sample } from '../support/report.ts'
import type { Kind } from '../telemetry/reports.ts'
import { type Field, turn } from '../telemetry/servers.ts'
import { type Setting, smallFleet, type Turns } from './setting.ts'

export async function startFleet({ field, opened }: Setting) {
  const bare = startChild<BareAnswer, number>(
    new URL('../support/bare-server.ts', import.meta.url),
    SERVER_CORE,
  )
  opened.defer(() => bare.stop())
  const limits: Limits = { bare, inserter: startInserter(opened) }
  return (kind: Kind, turns: Turns) => measure(kind, turns, field, limits)
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
  { rounds, seconds }: Turns,
  field: Field,
  { bare, inserter }: Limits,
): Promise<Line[]> {
  const work = smallFleet(kind)
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
