/**
 * How long `miot assets export` takes for a million positions, and how much memory, in each format.
 */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs, parseEnv } from 'node:util'
import { environmentWithoutSettings } from '../conformance/support/environment.ts'
import { openFullSqlite } from './queries/full-sqlite.ts'
import { amountsFor } from './queries/full-store.ts'
import { type OurServer, startOurs } from './support/our-server.ts'
import { keep, print } from './support/results.ts'
import { fleetTokens, tenantOf } from './telemetry/fleet.ts'

const FORMATS = ['csv', 'ndjson', 'parquet'] as const

export async function exporting(): Promise<void> {
  const { values } = parseArgs({
    args: process.argv.slice(3),
    options: { rows: { type: 'string', default: '1000000' } },
  })
  await using opened = new AsyncDisposableStack()
  const server = await startOurs('sqlite')
  opened.defer(() => server.stop())
  const [token = ''] = await fleetTokens(server, 1)
  const full = openFullSqlite(server.folder)
  opened.defer(() => full.close())
  const pieces = await full.pieces(tenantOf(token), amountsFor(Number(values.rows)))
  // An asset is listed with its newest observation.
  const needed = pieces.filter(({ table }) => ['positions', 'observations'].includes(table))
  for (const piece of needed) await piece.make()
  await full.finish()
  print('full')
  const lines = []
  for (const format of FORMATS) lines.push(await exportTo(server, format))
  console.table(lines)
  keep('export', lines)
}

async function exportTo(server: OurServer, format: string) {
  const out = join(server.folder, `positions.${format}`)
  const miot = fileURLToPath(new URL('../packages/cli/src/main.ts', import.meta.url))
  const credentials = readFileSync(join(server.folder, 'quickstart.env'), 'utf8')
  const env = parseEnv(credentials)
  const started = performance.now()
  const child = spawn(
    process.execPath,
    [
      ...[miot, 'assets', 'export', '--format', format, '--to', '9999-01-01T00:00:00Z'],
      '--out',
      out,
      '--json',
    ],
    { env: { ...environmentWithoutSettings(), ...env }, stdio: ['ignore', 'pipe', 'inherit'] },
  )
  let printed = ''
  child.stdout.on('data', (text) => {
    printed += text
  })
  const exited = once(child, 'exit').then(() => null)
  let peakMb = 0
  while ((await Promise.race([exited, sleep(200, 'running')])) !== null) {
    peakMb = Math.max(peakMb, peakOf(child.pid as number))
  }
  const seconds = (performance.now() - started) / 1000
  const { rows } = JSON.parse(printed) as { rows: number }
  return {
    ...{ format, rows, seconds: Number(seconds.toFixed(1)) },
    rowsPerSecond: Math.round(rows / seconds),
    ...{ peakMb, fileMb: Math.round(statSync(out).size / 1e6) },
  }
}

/** The most memory that a process has had, in MB. */
function peakOf(pid: number): number {
  try {
    const [, kib] = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
    return Math.round(Number(kib ?? 0) / 1024)
  } catch {
    return 0
  }
}
