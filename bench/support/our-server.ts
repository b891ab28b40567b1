/** `miot serve` as installed, on either store. */

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { freePort } from '@modulariot/platform/testing/free-port'
import { startPostgres } from '@modulariot/platform/testing/postgres'
import { environmentWithoutSettings } from '../../conformance/support/environment.ts'
import { runMiot } from '../../conformance/support/running-server.ts'
import { RESULTS } from './results.ts'

export const STORES = ['sqlite', 'postgres'] as const
export type StoreKind = (typeof STORES)[number]

/** One more server on the same installation. */
export interface OtherInstance {
  readonly port: number
  /** The process with its workers. */
  pids(): number[]
  stop(): Promise<void>
}

export interface OurServer {
  readonly store: StoreKind
  readonly port: number
  readonly issuer: string
  /** The process with its workers, and the database's processes that work for it. */
  pids(): number[]
  /** Runs `miot` on the same installation. @throws Error if it fails. */
  miot(args: readonly string[], input?: string): Promise<string>
  /** Location of its data: a folder with SQLite files, or the URL of its database. */
  readonly folder: string
  readonly databaseUrl: string | null
  /** An empty folder, or an empty database of the same server. */
  emptyPlace(): Promise<string>
  /** Stops the server, and starts it on the same store. */
  restart(): Promise<void>
  /** Starts one more server with the same issuer and store. Stop it before this one. */
  another(): Promise<OtherInstance>
  stop(): Promise<void>
}

/** A COMMIT is on disk before it returns, as in any installation; the rest are common settings. */
export const POSTGRES_SETTINGS = [
  'fsync=on',
  'full_page_writes=on',
  'shared_buffers=512MB',
  'max_wal_size=4GB',
  'maintenance_work_mem=256MB',
]

/**
 * @param profile write a CPU profile of each thread to bench/results/ at the end.
 * @param settings beside the usual ones.
 */
export async function startOurs(
  store: StoreKind,
  profile = false,
  settings: Readonly<Record<string, string>> = {},
): Promise<OurServer> {
  const folder = mkdtempSync(join(tmpdir(), 'miot-bench-'))
  const postgres = store === 'postgres' ? await startPostgres(POSTGRES_SETTINGS) : null
  const databaseUrl = (await postgres?.createDatabase()) ?? null
  const port = await freePort()
  const issuer = `http://localhost:${port}`
  const env = {
    NODE_ENV: 'production',
    MIOT_DATA_DIR: folder,
    MIOT_PORT: String(port),
    MIOT_METRICS_PORT: String(await freePort()),
    ...(databaseUrl !== null && { MIOT_DATABASE_URL: databaseUrl }),
    ...settings,
  }
  const start = () => serve(env, join(folder, 'stderr.log'), profile ? profiling(store) : [])
  let server = await start()
  return {
    store,
    port,
    issuer,
    folder,
    databaseUrl,
    pids: () => [...withChildren(server.pid as number), ...(postgres?.pids() ?? [])],
    emptyPlace: async () =>
      postgres === null ? mkdtempSync(join(folder, 'empty-')) : await postgres.createDatabase(),
    async miot(args, input = '') {
      const { status, stdout, stderr } = await runMiot(args, { env, input })
      if (status !== 0) throw new Error(`miot ${args.join(' ')}: ${stderr}`)
      return stdout
    },
    async restart() {
      await end(server)
      server = await start()
    },
    async another() {
      const port = await freePort()
      const own = { MIOT_PORT: String(port), MIOT_METRICS_PORT: String(await freePort()) }
      const joined = { ...env, ...own, MIOT_ISSUER: issuer }
      const other = await serve(joined, join(folder, `stderr-${port}.log`), [])
      return {
        port,
        pids: () => withChildren(other.pid as number),
        stop: () => end(other),
      }
    },
    async stop() {
      await end(server)
      await postgres?.stop()
      rmSync(folder, { recursive: true })
    },
  }
}

async function end(server: ChildProcess): Promise<void> {
  const exited = once(server, 'exit')
  server.kill()
  await exited
}

/** The children on Linux only. */
function withChildren(pid: number): number[] {
  const path = `/proc/${pid}/task/${pid}/children`
  const children = existsSync(path) ? readFileSync(path, 'utf8').split(' ') : []
  return [pid, ...children.filter((text) => text.trim() !== '').map(Number)]
}

function profiling(store: StoreKind): string[] {
  const folder = fileURLToPath(new URL(`profile-${store}/`, RESULTS))
  mkdirSync(folder, { recursive: true })
  return ['--cpu-prof', `--cpu-prof-dir=${folder}`]
}

/** @param log the file for its log lines; reading them in this process would cost it time. */
async function serve(
  env: Readonly<Record<string, string>>,
  log: string,
  flags: readonly string[],
): Promise<ChildProcess> {
  const miot = fileURLToPath(new URL('../../packages/cli/src/main.ts', import.meta.url))
  const server = spawn(process.execPath, [...flags, miot, 'serve'], {
    env: { ...environmentWithoutSettings(), ...env },
    stdio: ['ignore', 'pipe', openSync(log, 'w')],
  })
  process.once('exit', () => server.kill('SIGKILL'))
  await new Promise<void>((resolve, reject) => {
    let printed = ''
    server.once('exit', (code) => reject(new Error(`miot serve ended (${code}), see ${log}`)))
    server.stdout?.on('data', (text) => {
      printed += text
      if (printed.includes('listen on')) resolve()
    })
  })
  return server
}
