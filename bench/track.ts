/**
 * What a report costs that is on disk before its response: each sent alone, over 32 connections.
 */

import { loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import { ROUND_OPTIONS, UsageError } from './support/options.ts'
import type { Line } from './support/report.ts'
import { print, tell } from './support/results.ts'
import { KINDS, type Kind } from './telemetry/reports.ts'
import { startField } from './telemetry/servers.ts'
import { startFleet } from './track/fleet.ts'
import { startInstances } from './track/instances.ts'
import { startManyAssets } from './track/many-assets.ts'
import type { Setting, Turns } from './track/setting.ts'

type StartCase = (setting: Setting) => Promise<(kind: Kind, turns: Turns) => Promise<Line[]>>

/**
 * Each starts what it needs, and returns the measurement of one kind of reports. A new one is a new
 * row.
 */
const CASES: Readonly<Record<string, StartCase>> = {
  fleet: startFleet,
  instances: startInstances,
  assets: startManyAssets,
}

export async function track(): Promise<void> {
  const { values } = parseArgs({
    args: process.argv.slice(3),
    options: {
      ...ROUND_OPTIONS,
      row: { type: 'string', multiple: true, default: Object.keys(KINDS) },
      // `instances` and `assets` take half a minute and two minutes more.
      case: { type: 'string', multiple: true, default: ['fleet'] },
      assets: { type: 'string', default: '200000' },
      profile: { type: 'boolean', default: false },
    },
  })
  const starts = values.case.map((name) => [name, caseNamed(name)] as const)
  const turns = { rounds: Number(values.rounds), seconds: Number(values.seconds) }
  const opened = new AsyncDisposableStack()
  const lines: Line[] = []
  try {
    const field = await startField(values.store, values.profile, opened)
    for (const [name, start] of starts) {
      const measure = await start({ field, assets: Number(values.assets), opened })
      for (const kind of values.row as Kind[]) {
        print(`${name}, ${kind} (load average ${loadavg()[0]?.toFixed(1)})`)
        lines.push(...(await measure(kind, turns)))
      }
    }
  } finally {
    await opened.disposeAsync()
  }
  tell('track', lines, values.json)
}

function caseNamed(name: string): StartCase {
  const found = CASES[name]
  if (found === undefined) throw new UsageError(`--case is one of ${Object.keys(CASES).join(', ')}`)
  return found
}
