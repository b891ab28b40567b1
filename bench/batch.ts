/**
 * How many reports per second one core stores in batches, beside a loop of prepared inserts: into
 * the table of reports alone, and into all tables that a report is split into.
 */

import { loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import { type Inserter, insertTurn, startInserter } from './batch/insert-turn.ts'
import type { TableName } from './batch/rows.ts'
import { ROUND_OPTIONS } from './support/options.ts'
import { type Line, linesOf, type Sample } from './support/report.ts'
import { print, tell } from './support/results.ts'
import { ASSETS, backlog, KINDS, type Kind, trackRequest } from './telemetry/reports.ts'
import { type Contender, type Field, startField, turn, type Work } from './telemetry/servers.ts'

const PATH = '/v1/asset/track/batch'

/** The tables of the insert loop. A new comparison is a new row. */
const LIMITS: Readonly<Record<string, readonly TableName[]>> = {
  'one table': ['observations'],
  'all tables': ['observations', 'requests', 'positions', 'metrics'],
}

interface Turns {
  readonly rounds: number
  readonly seconds: number
  readonly items: number
  readonly connections: number
}

export async function batch(): Promise<void> {
  const { values } = parseArgs({
    args: process.argv.slice(3),
    options: {
      ...ROUND_OPTIONS,
      items: { type: 'string', default: '500' },
      connections: { type: 'string', default: '8' },
      row: { type: 'string', multiple: true, default: Object.keys(KINDS) },
      profile: { type: 'boolean', default: false },
    },
  })
  const turns = {
    rounds: Number(values.rounds),
    seconds: Number(values.seconds),
    items: Number(values.items),
    connections: Number(values.connections),
  }
  const opened = new AsyncDisposableStack()
  const lines: Line[] = []
  try {
    const field = await startField(values.store, values.profile, opened)
    const inserter = startInserter(opened)
    for (const kind of values.row as Kind[]) {
      for (const contender of field.ours) {
        print(`${kind}, ${contender.store} (load average ${loadavg()[0]?.toFixed(1)})`)
        lines.push(...(await measure(kind, turns, contender, field, inserter)))
      }
    }
  } finally {
    await opened.disposeAsync()
  }
  tell('batch', lines, values.json)
}

async function measure(
  kind: Kind,
  turns: Turns,
  contender: Contender,
  field: Field,
  inserter: Inserter,
): Promise<Line[]> {
  const { rounds, seconds, items, connections } = turns
  const bodies = Array.from({ length: ASSETS }, (_, asset) => backlog(kind, asset, items))
  const work: Work = {
    connections,
    unit: items,
    requests: (tokens) =>
      bodies.map((body, index) =>
        trackRequest(PATH, tokens[index % tokens.length] as string, body),
      ),
  }
  await turn(field, contender, work, seconds)
  const us: Sample[] = []
  const limits = Object.entries(LIMITS).map(([name, tables]) => {
    return { name, tables, samples: [] as Sample[] }
  })
  for (let round = 0; round < rounds; round++) {
    for (const { tables, samples } of limits) {
      const of = 'one asset'
      samples.push(await insertTurn(inserter, contender, { kind, items, of, seconds, tables }))
    }
    us.push((await turn(field, contender, work, seconds)).sample)
  }
  return limits.flatMap(({ name, samples }) =>
    linesOf(`${kind}, ${contender.store}, ${name}`, { limit: samples, ours: { us } }),
  )
}
