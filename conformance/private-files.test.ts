/**
 * The files of an installation: `miot serve`, and every command that reads them, refuse files that
 * another user could have written and secrets that others can read; the files they create are
 * private.
 */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import {
  chmodSync,
  chownSync,
  cpSync,
  lchownSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  watch,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { startPostgres } from '@modulariot/platform/testing/postgres'
import { openConnection } from './support/connection.ts'
import { type MiotResult, runMiot, startServer } from './support/running-server.ts'
import { writeTlsFiles } from './support/tls-files.ts'
import { accessToken } from './support/token-requests.ts'
import { report, track } from './support/track-requests.ts'

const STRANGER = 54_321
const skip = process.platform === 'win32' ? 'Windows has neither mode bits nor user ids' : false
const skipUnlessRoot =
  process.geteuid?.() === 0 ? false : 'only root can give a file to another user'

/** Commands that read the data directory, one for each code path. */
const COMMANDS: readonly (readonly string[])[] = [
  ['serve'],
  ['clients', 'create', '--name', 'x', '--audience', 'https://iot.streamhub.cl/v1/asset/track'],
  ['keys', 'list'],
  ['audit', 'verify'],
  ['migrate'],
  ['copy', '--to', 'sqlite:TARGET'],
  ['doctor', '--no-json'],
]

let folder: string
/** A complete installation that has served. */
let whole: string
before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'miot-private-'))
  whole = join(folder, 'whole')
  const server = await startServer({ MIOT_DATA_DIR: whole })
  await server.stop()
})
after(() => rmSync(folder, { recursive: true, force: true }))

let copies = 0
function copyOfWhole(): string {
  const copy = join(folder, `copy-${++copies}`)
  cpSync(whole, copy, { recursive: true })
  chmodSync(copy, 0o700)
  return copy
}

async function run(args: readonly string[], env: Record<string, string>): Promise<MiotResult> {
  if (args[0] === 'serve') return serveOnce(env)
  const target = join(folder, `target-${++copies}`)
  return runMiot(
    args.map((arg) => arg.replace('TARGET', target)),
    { env },
  )
}

/** Waits until it listens, or exits before. */
async function serveOnce(env: Record<string, string>): Promise<MiotResult> {
  try {
    await (await startServer(env)).stop()
    return { status: 0, stdout: '', stderr: '' }
  } catch (error) {
    return { status: 1, stdout: '', stderr: String(error) }
  }
}

/** @param message the line on standard error, or the finding of `doctor`. */
async function assertRefused(
  args: readonly string[],
  settings: Record<string, string>,
  message: RegExp,
): Promise<void> {
  const { status, stdout, stderr } = await run(args, settings)
  assert.notEqual(status, 0, `${args.join(' ')} went on: ${stdout}`)
  assert.match(args[0] === 'doctor' ? stdout : stderr, message, args.join(' '))
}

interface Attack {
  readonly what: string
  readonly root?: boolean
  readonly message: RegExp
  spoil(dataDir: string): void
}

const key = (dataDir: string): string => join(dataDir, 'encryption.key')
const giveAway = (path: string): void => chownSync(path, STRANGER, STRANGER)

const ATTACKS: readonly Attack[] = [
  {
    what: 'a data directory that its group can write to',
    message: /can be written by other users \(mode 0770\): chmod 700 /,
    spoil: (dataDir) => chmodSync(dataDir, 0o770),
  },
  {
    what: 'a data directory of another user',
    root: true,
    message: /copy-\d+ belongs to user 54321/,
    spoil: giveAway,
  },
  {
    what: 'a data directory behind another user’s link',
    root: true,
    message: /symbolic link of user 54321/,
    spoil(dataDir) {
      renameSync(dataDir, `${dataDir}.real`)
      symlinkSync(`${dataDir}.real`, dataDir)
      lchownSync(dataDir, STRANGER, STRANGER)
    },
  },
  {
    what: 'the encryption key of another user',
    root: true,
    message: /encryption\.key belongs to user 54321/,
    spoil: (dataDir) => giveAway(key(dataDir)),
  },
  {
    what: 'a file of checkpoints that others can write',
    message: /audit-checkpoints\.ndjson can be written by other users \(mode 0666\): chmod 600 /,
    spoil(dataDir) {
      writeFileSync(join(dataDir, 'audit-checkpoints.ndjson'), '')
      chmodSync(join(dataDir, 'audit-checkpoints.ndjson'), 0o666)
    },
  },
  {
    what: 'an encryption key that others can read',
    message: /encryption\.key can be read by other users \(mode 0644\): chmod 600 /,
    spoil: (dataDir) => chmodSync(key(dataDir), 0o644),
  },
  {
    what: 'an encryption key that is a symbolic link',
    message: /encryption\.key is a symbolic link/,
    spoil(dataDir) {
      renameSync(key(dataDir), `${dataDir}.key`)
      symlinkSync(`${dataDir}.key`, key(dataDir))
    },
  },
  {
    what: 'an encryption key with a second name',
    message: /encryption\.key has another name elsewhere/,
    spoil: (dataDir) => linkSync(key(dataDir), `${dataDir}.key`),
  },
  {
    what: 'a database of another user',
    root: true,
    message: /auth\.db belongs to user 54321/,
    spoil: (dataDir) => giveAway(join(dataDir, 'auth.db')),
  },
  {
    what: 'a database that others can read',
    message: /auth\.db can be read by other users/,
    spoil: (dataDir) => chmodSync(join(dataDir, 'auth.db'), 0o640),
  },
  {
    what: 'a database that is a symbolic link',
    message: /auth\.db is a symbolic link/,
    spoil(dataDir) {
      renameSync(join(dataDir, 'auth.db'), `${dataDir}.db`)
      symlinkSync(`${dataDir}.db`, join(dataDir, 'auth.db'))
    },
  },
  {
    what: 'a planted -wal beside the database',
    message: /auth\.db-wal is a symbolic link/,
    spoil(dataDir) {
      rmSync(join(dataDir, 'auth.db-wal'), { force: true })
      symlinkSync(`${dataDir}.planted`, join(dataDir, 'auth.db-wal'))
    },
  },
]

describe('every command that reads the data directory', { skip, concurrency: 1 }, () => {
  it('refuses a data directory that every user can write', async () => {
    for (const args of COMMANDS) {
      const MIOT_DATA_DIR = copyOfWhole()
      chmodSync(MIOT_DATA_DIR, 0o777)
      const message = /copy-\d+ can be written by other users \(mode 0777\): chmod 700 /
      await assertRefused(args, { MIOT_DATA_DIR }, message)
    }
  })

  for (const { what, root = false, message, spoil } of ATTACKS) {
    it(`refuses ${what}`, { skip: root && skipUnlessRoot }, async () => {
      const MIOT_DATA_DIR = copyOfWhole()
      spoil(MIOT_DATA_DIR)
      await assertRefused(['serve'], { MIOT_DATA_DIR }, message)
    })
  }

  it('refuses a telemetry database that others can read', async () => {
    for (const args of [['serve'], ['doctor']]) {
      const MIOT_DATA_DIR = copyOfWhole()
      chmodSync(join(MIOT_DATA_DIR, 'telemetry.db'), 0o644)
      await assertRefused(args, { MIOT_DATA_DIR }, /telemetry\.db can be read by other users/)
    }
  })

  it('refuses the directory of MIOT_DATABASE_URL in the same way, if it is another one', async () => {
    for (const args of [['serve'], ['clients', 'list'], ['migrate'], ['doctor']]) {
      const MIOT_DATA_DIR = copyOfWhole()
      const stores = `${MIOT_DATA_DIR}.stores`
      mkdirSync(stores)
      for (const name of ['auth.db', 'telemetry.db']) {
        renameSync(join(MIOT_DATA_DIR, name), join(stores, name))
      }
      chmodSync(stores, 0o777)
      const settings = { MIOT_DATA_DIR, MIOT_DATABASE_URL: `sqlite:${stores}` }
      await assertRefused(args, settings, /\.stores can be written by other users/)
    }
  })

  it('refuses quickstart.env that others can read or write, or that is a link', async () => {
    const spoils = [
      (path: string) => chmodSync(path, 0o644),
      (path: string) => chmodSync(path, 0o602),
      (path: string) => {
        renameSync(path, `${path}.real`)
        symlinkSync(`${path}.real`, path)
      },
    ]
    for (const spoil of spoils) {
      const MIOT_DATA_DIR = copyOfWhole()
      const path = join(MIOT_DATA_DIR, 'quickstart.env')
      spoil(path)
      const message = /quickstart\.env (can be|is a symbolic link)/
      await assertRefused(['token', 'get'], { MIOT_DATA_DIR }, message)
    }
    const MIOT_DATA_DIR = copyOfWhole()
    chmodSync(MIOT_DATA_DIR, 0o777)
    await assertRefused(['token', 'get'], { MIOT_DATA_DIR }, /chmod 700 /)
  })

  it('accepts a directory that others may list', async () => {
    const MIOT_DATA_DIR = copyOfWhole()
    chmodSync(MIOT_DATA_DIR, 0o755)
    for (const args of [['serve'], ['clients', 'list']]) {
      assert.equal((await run(args, { MIOT_DATA_DIR })).status, 0, args.join(' '))
    }
  })

  it('accepts a link owned by root or the user, as systemd creates one', async () => {
    const MIOT_DATA_DIR = `${copyOfWhole()}.link`
    symlinkSync(MIOT_DATA_DIR.replace('.link', ''), MIOT_DATA_DIR)
    for (const args of [['serve'], ['clients', 'list']]) {
      const { status, stderr } = await run(args, { MIOT_DATA_DIR })
      assert.equal(status, 0, stderr)
    }
  })
})

describe('on PostgreSQL', { skip }, () => {
  it('the data directory, and the key in it, are checked in the same way', async (context) => {
    const postgres = await startPostgres()
    context.after(() => postgres.stop())
    const MIOT_DATABASE_URL = await postgres.createDatabase()
    const MIOT_DATA_DIR = join(folder, 'postgres')
    const first = await startServer({ MIOT_DATABASE_URL, MIOT_DATA_DIR })
    await first.stop()
    const settings = { MIOT_DATABASE_URL, MIOT_DATA_DIR }
    chmodSync(key(MIOT_DATA_DIR), 0o644)
    for (const args of [['serve'], ['keys', 'list']]) {
      await assertRefused(args, settings, /encryption\.key can be read/)
    }
    chmodSync(key(MIOT_DATA_DIR), 0o600)
    chmodSync(MIOT_DATA_DIR, 0o777)
    for (const args of [['serve'], ['clients', 'list']]) {
      await assertRefused(args, settings, /can be written by other users/)
    }
  })
})

describe('a file named by a setting', { skip }, () => {
  const text = (): string => readFileSync(key(whole), 'utf8')

  it('may be a mounted secret: root’s, 0644, through links', async () => {
    const mount = mkdtempSync(join(folder, 'mount-'))
    mkdirSync(join(mount, '..2026_01_15'))
    writeFileSync(join(mount, '..2026_01_15', 'key'), text(), { mode: 0o644 })
    symlinkSync('..2026_01_15', join(mount, '..data'))
    symlinkSync('..data/key', join(mount, 'key'))
    const MIOT_DATA_DIR = copyOfWhole()
    rmSync(key(MIOT_DATA_DIR))
    const settings = { MIOT_DATA_DIR, MIOT_ENCRYPTION_KEY_FILE: join(mount, 'key') }
    const { status, stderr } = await run(['clients', 'list'], settings)
    assert.equal(status, 0, stderr)
  })

  it('is refused when every user can write it', async () => {
    const path = join(folder, 'writable')
    writeFileSync(path, text())
    chmodSync(path, 0o646)
    const settings = { MIOT_DATA_DIR: copyOfWhole(), MIOT_ENCRYPTION_KEY_FILE: path }
    for (const args of [['serve'], ['clients', 'list']]) {
      await assertRefused(args, settings, /MIOT_ENCRYPTION_KEY_FILE: .* chmod o-w /)
    }
  })

  it('is refused when another user can write it', { skip: skipUnlessRoot }, async () => {
    const path = join(folder, 'strangers')
    writeFileSync(path, text(), { mode: 0o600 })
    giveAway(path)
    const settings = { MIOT_DATA_DIR: copyOfWhole(), MIOT_ENCRYPTION_KEY_FILE: path }
    await assertRefused(['serve'], settings, /MIOT_ENCRYPTION_KEY_FILE: .*belongs to user 54321/)
  })

  it('is refused as the TLS key or certificate in the same way', async () => {
    for (const name of ['MIOT_TLS_KEY', 'MIOT_TLS_CERT'] as const) {
      using files = writeTlsFiles('localhost')
      chmodSync(files.settings[name], 0o646)
      const settings = { MIOT_DATA_DIR: copyOfWhole(), ...files.settings }
      await assertRefused(['serve'], settings, /tls\.(key|crt) can be written by every user/)
      await assertRefused(['doctor'], settings, /tls\.(key|crt) can be written by every user/)
    }
  })
})

describe('a file created by the server', { skip }, () => {
  it('is private under any umask: directories 0700, files 0600', async () => {
    const parent = join(folder, 'umask')
    const server = await withUmask(0, () => startServer({ MIOT_DATA_DIR: join(parent, 'data') }))
    const connection = openConnection(server.url)
    const token = await accessToken(connection, server.credentials)
    assert.equal((await track(connection, token, report('TRUCK-1'))).status, 200)
    connection.close()
    const names = namesIn(parent)
    for (const name of ['auth.db-wal', 'telemetry.db-shm', 'quickstart.env', 'encryption.key']) {
      assert.ok(names.includes(join('data', name)), name)
    }
    assertAllPrivate(parent)
    await server.stop()
    assertAllPrivate(parent)
  })

  it('is private when Node creates it, such as a report with the environment', async () => {
    const reports = mkdtempSync(join(folder, 'reports-'))
    const NODE_OPTIONS = `--report-on-signal --report-directory=${reports}`
    const server = await withUmask(0, () => startServer({ NODE_OPTIONS }))
    // The watcher of node:fs/promises would start on its first read.
    const watcher = watch(reports)
    const made = once(watcher, 'change', { signal: AbortSignal.timeout(20_000) })
    process.kill(server.pid(), 'SIGUSR2')
    await made
    watcher.close()
    await server.stop()
    assert.equal(namesIn(reports).length, 1)
    assertAllPrivate(reports)
  })

  it('is private when a command creates it', async () => {
    const parent = join(folder, 'umask-copy')
    const args = ['copy', '--to', `sqlite:${join(parent, 'target')}`]
    const env = { MIOT_DATA_DIR: copyOfWhole() }
    const { status, stderr } = await withUmask(0, () => runMiot(args, { env }))
    assert.equal(status, 0, stderr)
    assertAllPrivate(parent)
  })
})

async function withUmask<Result>(mask: number, work: () => Promise<Result>): Promise<Result> {
  const before = process.umask(mask)
  try {
    return await work()
  } finally {
    process.umask(before)
  }
}

describe('SIGUSR1', { skip }, () => {
  it('opens no debugger, which could read all memory', async () => {
    const server = await startServer()
    process.kill(server.pid(), 'SIGUSR1')
    const connection = openConnection(server.url)
    await accessToken(connection, server.credentials)
    connection.close()
    await server.stop()
    assert.doesNotMatch(server.output(), /Debugger/)
  })
})

const namesIn = (path: string): string[] => readdirSync(path, { recursive: true }).map(String)

function assertAllPrivate(root: string): void {
  const paths = [root, ...namesIn(root).map((name) => join(root, name))]
  for (const path of paths) {
    const stats = statSync(path)
    const mode = (stats.mode & 0o777).toString(8)
    assert.equal(mode, stats.isDirectory() ? '700' : '600', path)
  }
}
