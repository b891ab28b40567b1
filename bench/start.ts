/**
 * What a start costs: the CPU of a server until it has issued its first token, its memory then and
 * when it has been idle, and the CPU of commands. Each with the compiled code of an earlier start,
 * and without. The reference is Node alone.
 */

import { execFile } from 'node:child_process'
import { mkdtempDisposableSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs, promisify } from 'node:util'
import { freePort } from '@modulariot/platform/testing/free-port'
import { openConnection } from '../conformance/support/connection.ts'
import { environmentWithoutSettings } from '../conformance/support/environment.ts'
import { type RunningServer, startServer } from '../conformance/support/running-server.ts'
import { accessToken } from '../conformance/support/token-requests.ts'
import { megabytes, memoryOf } from '../faults/support/memory.ts'
import { summarize } from '../faults/support/summary.ts'
import { cpuSeconds } from './support/child.ts'
import { keep } from './support/results.ts'

const COMMANDS = [['--version'], ['--help'], ['clients', 'list']] as const
/** How long the memory of an idle server is left to settle. */
const IDLE_MS = 5000

type Environment = Readonly<Record<string, string>>

interface Line {
  readonly what: string
  readonly compiled: 'kept' | 'anew'
  readonly cpu_ms: number
  readonly first_token: string
  readonly idle: string
}

export async function start(): Promise<void> {
  const { values } = parseArgs({
    args: process.argv.slice(3),
    options: {
      rounds: { type: 'string', default: '5' },
      json: { type: 'boolean', default: false },
    },
  })
  using folder = mkdtempDisposableSync(join(tmpdir(), 'miot-bench-'))
  const kept = { NODE_COMPILE_CACHE: join(folder.path, 'compiled') }
  // The first start writes what the later ones find.
  await measure('kept', kept, 1)
  const lines = [
    ...(await measure('kept', kept, Number(values.rounds))),
    ...(await measure('anew', { NODE_DISABLE_COMPILE_CACHE: '1' }, Number(values.rounds))),
  ]
  if (values.json) process.stdout.write(`${JSON.stringify(lines, null, 2)}\n`)
  else console.table(lines)
  keep('start', lines)
}

async function measure(
  compiled: Line['compiled'],
  env: Environment,
  rounds: number,
): Promise<Line[]> {
  const samples = new Map<string, Sample[]>()
  const add = (what: string, sample: Sample): void => {
    samples.set(what, [...(samples.get(what) ?? []), sample])
  }
  for (let round = 0; round < rounds; round++) {
    add('node alone', { cpuMs: await childrenMs(() => runNode(env)) })
    const MIOT_METRICS_PORT = String(await freePort())
    const server = await startServer({ ...env, MIOT_METRICS_PORT })
    try {
      add('miot serve, the first time', await issueFirst(server))
      await server.restart()
      add('miot serve, again', await issueFirst(server))
      for (const args of COMMANDS) {
        const cpuMs = await childrenMs(() => server.miot(args))
        add(`miot ${args.join(' ')}`, { cpuMs })
      }
    } finally {
      await server.stop()
    }
  }
  return [...samples].map(([what, taken]) => ({
    ...{ what, compiled },
    cpu_ms: Math.round(median(taken.map(({ cpuMs }) => cpuMs))),
    first_token: memory(taken.map(({ firstBytes }) => firstBytes)),
    idle: memory(taken.map(({ idleBytes }) => idleBytes)),
  }))
}

interface Sample {
  readonly cpuMs: number
  readonly firstBytes?: number
  readonly idleBytes?: number
}

async function issueFirst(server: RunningServer): Promise<Sample> {
  const connection = openConnection(server.url)
  await accessToken(connection, server.credentials)
  connection.close()
  const cpuMs = cpuSeconds([server.pid()]) * 1000
  const firstBytes = memoryOf(server, 'now')
  await sleep(IDLE_MS)
  return { cpuMs, firstBytes, idleBytes: memoryOf(server, 'now') }
}

/** CPU of the child processes that end while `run` does. */
async function childrenMs(run: () => Promise<unknown>): Promise<number> {
  const spent = (): number => {
    const { user, system } = process.cpuUsage()
    return cpuSeconds([process.pid]) * 1000 - (user + system) / 1000
  }
  const before = spent()
  await run()
  return spent() - before
}

const execute = promisify(execFile)

const runNode = (env: Environment): Promise<unknown> =>
  execute(process.execPath, ['-e', '0'], { env: { ...environmentWithoutSettings(), ...env } })

const median = (numbers: readonly number[]): number => summarize(numbers).p50

function memory(bytes: readonly (number | undefined)[]): string {
  const known = bytes.filter((one) => one !== undefined)
  return known.length === 0 ? '' : megabytes(median(known))
}
