/**
 * A real `miot serve` in a process of its own, with a temporary data directory. The conformance
 * tests know only its URL and the credentials it wrote.
 */

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { BoundSocket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseEnv } from 'node:util'
import { freePort } from '@modulariot/platform/testing/free-port'
import { environmentWithoutSettings } from './environment.ts'

const MIOT = fileURLToPath(new URL('../../packages/cli/src/main.ts', import.meta.url))
/** Enough for a slow machine. */
const START_TIMEOUT_MS = 120_000
/** `miot` finds no tokens of other runs, and leaves none. */
const HOMELESS = { HOME: undefined, XDG_CACHE_HOME: undefined } as const
const SERVE = [process.execPath, [MIOT, 'serve']] as const

export interface Credentials {
  readonly client_id: string
  readonly client_secret: string
  readonly audience: string
  readonly grant_type: 'client_credentials'
}

export interface MiotResult {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface RunningServer {
  /** Base URL, also the issuer unless `MIOT_ISSUER` is set. */
  readonly url: string
  readonly dataDir: string
  /** Process id of the server. */
  pid(): number
  /** The quick start's client. */
  readonly credentials: Credentials
  /** The server's output so far. */
  output(): string
  /** Runs `miot` on the same installation. */
  miot(
    args: readonly string[],
    options?: { env?: Record<string, string>; input?: string },
  ): Promise<MiotResult>
  /** Stops the server (SIGTERM by default), and starts it again on the same data. */
  restart(signal?: NodeJS.Signals): Promise<void>
  kill(signal: NodeJS.Signals): Promise<void>
  /** Stops the server and removes its data, unless it uses another server's. */
  stop(): Promise<void>
}

type Settings = Readonly<Record<string, string>>

/**
 * Starts a server on a free port and resolves once it listens.
 *
 * @param settings a function if a setting depends on the URL. With a `MIOT_DATA_DIR` the server
 *   uses the existing installation, and leaves it in place when it stops.
 * @param socket `held`: as systemd does, this process holds the socket and passes it to each server
 *   process in turn.
 */
export async function startServer(
  settings: Settings | ((url: string) => Settings) = {},
  socket: 'own' | 'held' = 'own',
): Promise<RunningServer> {
  const port = await freePort()
  const held = socket === 'held' ? new BoundSocket({ host: '127.0.0.1', port }) : null
  const plain = `http://localhost:${port}`
  const env = typeof settings === 'function' ? settings(plain) : settings
  const url = env.MIOT_TLS_CERT === undefined ? plain : plain.replace('http:', 'https:')
  const joins = env.MIOT_DATA_DIR !== undefined
  const dataDir = env.MIOT_DATA_DIR ?? mkdtempSync(join(tmpdir(), 'miot-'))
  const fullEnv = {
    ...environmentWithoutSettings(),
    ...HOMELESS,
    MIOT_DATA_DIR: dataDir,
    MIOT_PORT: String(port),
    // Servers run side by side; a test that needs metrics sets a port.
    MIOT_METRICS_PORT: '0',
    // No balancer is in front of them.
    MIOT_DRAIN_SECONDS: '0',
    ...env,
  }
  let printed = ''
  let child = await start()
  // If the tests end before they stop it.
  process.once('exit', () => {
    child.kill('SIGKILL')
    removeData()
  })

  function removeData(): void {
    if (!joins) rmSync(dataDir, { recursive: true, force: true })
  }

  async function start(): Promise<ChildProcess> {
    const process_ = held === null ? spawn(...SERVE, { env: fullEnv }) : handOver(held, fullEnv)
    let printedNow = ''
    process_.stderr?.on('data', (text) => {
      printed += text
    })
    await new Promise<void>((resolve, reject) => {
      const tooLate = setTimeout(() => {
        process_.kill('SIGKILL')
        reject(new Error(`miot serve does not listen: ${printed}`))
      }, START_TIMEOUT_MS)
      process_.once('exit', (code) => {
        clearTimeout(tooLate)
        reject(new Error(`miot serve ended (${code}): ${printed}`))
      })
      process_.stdout?.on('data', (text) => {
        printed += text
        printedNow += text
        if (!printedNow.includes('listen on')) return
        clearTimeout(tooLate)
        resolve()
      })
    })
    process_.removeAllListeners('exit')
    return process_
  }
  async function kill(signal: NodeJS.Signals): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return
    const exit = once(child, 'exit')
    child.kill(signal)
    await exit
  }
  const file = join(dataDir, 'quickstart.env')
  // MIOT_QUICKSTART=off leaves none.
  const quickstart = existsSync(file) ? parseEnv(readFileSync(file, 'utf8')) : {}
  return {
    url,
    dataDir,
    pid: () => child.pid as number,
    credentials: {
      client_id: quickstart.MIOT_CLIENT_ID as string,
      client_secret: quickstart.MIOT_CLIENT_SECRET as string,
      audience: quickstart.MIOT_AUDIENCE as string,
      grant_type: 'client_credentials',
    },
    output: () => printed,
    miot: (args, options = {}) =>
      runMiot(args, { ...options, env: { ...fullEnv, ...options.env } }),
    kill,
    async restart(signal = 'SIGTERM') {
      await kill(signal)
      child = await start()
    },
    async stop() {
      await kill('SIGTERM')
      held?.close()
      removeData()
    },
  }
}

/**
 * `miot serve` at a socket held by this process. sd_listen_fds(3): the server gets its own process
 * id in a variable, which is known only after the start.
 */
export function handOver(
  held: BoundSocket,
  env: Readonly<Record<string, string | undefined>>,
): ChildProcess {
  const script = 'export LISTEN_FDS=1 LISTEN_PID=$$; exec "$@"'
  const [node, args] = SERVE
  const stdio = ['pipe', 'pipe', 'pipe', held.fd()] as const
  return spawn('sh', ['-c', script, 'sh', node, ...args], { env, stdio: [...stdio] })
}

/** Runs `miot` to its end, whatever its exit status. */
export async function runMiot(
  args: readonly string[],
  options: { env?: Record<string, string | undefined>; input?: string } = {},
): Promise<MiotResult> {
  const child = spawn(process.execPath, [MIOT, ...args], {
    env: { ...environmentWithoutSettings(), ...HOMELESS, ...options.env },
  })
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (text) => {
    stdout += text
  })
  child.stderr.on('data', (text) => {
    stderr += text
  })
  child.stdin.end(options.input ?? '')
  const [status] = (await once(child, 'close')) as [number | null]
  return { status, stdout, stderr }
}
