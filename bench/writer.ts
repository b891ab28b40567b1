/**
 * What a report costs to store when the writer is in another process, as with several workers,
 * beside a thread of the process itself. CPU of all processes, without HTTP.
 */

import { loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import { SERVER_CORE, startChild } from './support/child.ts'
import { ROUND_OPTIONS } from './support/options.ts'
import { type Line, linesOf, type Sample } from './support/report.ts'
import { print, tell } from './support/results.ts'
import { KINDS, type Kind } from './telemetry/reports.ts'
import type { AppendLoad, AppendResult } from './writer/appending.ts'

/** The first is the reference. A new comparison is a new row. */
const CONTENDERS = {
  limit: { processes: 1, writer: 'own' },
  '1 worker': { processes: 1, writer: 'shared' },
  '2 workers': { processes: 2, writer: 'shared' },
  '2 workers, 2 writers': { processes: 2, writer: 'own' },
} as const satisfies Readonly<Record<string, Pick<AppendLoad, 'processes' | 'writer'>>>

type Who = keyof typeof CONTENDERS

export async function writer(): Promise<void> {
  const { values } = parseArgs({
    args: process.argv.slice(3),
    options: {
      rounds: ROUND_OPTIONS.rounds,
      json: ROUND_OPTIONS.json,
      reports: { type: 'string', default: '20000' },
      waiting: { type: 'string', multiple: true, default: ['2', '32', '128'] },
      row: { type: 'string', multiple: true, default: Object.keys(KINDS) },
      'any-core': { type: 'boolean', default: false },
    },
  })
  const core = values['any-core'] ? null : SERVER_CORE
  const lines: Line[] = []
  for (const kind of values.row as Kind[]) {
    for (const waiting of values.waiting.map(Number)) {
      print(`${kind}, ${waiting} waiting (load average ${loadavg()[0]?.toFixed(1)})`)
      const samples = Object.fromEntries(
        Object.keys(CONTENDERS).map((who) => [who, [] as Sample[]]),
      ) as Record<Who, Sample[]>
      for (let round = 0; round < Number(values.rounds); round++) {
        for (const [who, contender] of Object.entries(CONTENDERS)) {
          const load = { kind, waiting, reports: Number(values.reports), ...contender }
          samples[who as Who].push(await appended(load, core))
        }
      }
      const { limit, ...ours } = samples
      lines.push(...linesOf(`${kind}, ${waiting} waiting`, { limit, ours }))
    }
  }
  tell('writer', lines, values.json)
}

/** In new processes and a new database. */
async function appended(load: AppendLoad, core: number | null): Promise<Sample> {
  const file = new URL('./writer/appending.ts', import.meta.url)
  const child = startChild<AppendLoad, AppendResult>(file, core)
  try {
    const { elapsedSeconds, cpuSeconds, waitedMs } = await child.send(load)
    const waited = (part: number): number => waitedMs[Math.floor(part * waitedMs.length)] as number
    return {
      perSecond: load.reports / elapsedSeconds,
      cpuMicros: (cpuSeconds / load.reports) * 1e6,
      p50Ms: waited(0.5),
      p99Ms: waited(0.99),
      generatorBusy: Number.NaN,
    }
  } finally {
    await child.stop()
  }
}
