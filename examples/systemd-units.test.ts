/**
 * Tests of the units in examples/systemd: systemd accepts them, they restrict the server to what it
 * needs, and the server works within that.
 */

import assert from 'node:assert/strict'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  chownSync,
  mkdirSync,
  mkdtempDisposableSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { parseEnv } from 'node:util'
import { freePort } from '@modulariot/platform/testing/free-port'
import { openConnection } from '../conformance/support/connection.ts'
import { accessToken } from '../conformance/support/token-requests.ts'
import { report, track } from '../conformance/support/track-requests.ts'

const CHECKOUT = fileURLToPath(new URL('..', import.meta.url))
const UNITS = join(CHECKOUT, 'examples/systemd')
const SERVICE = join(UNITS, 'modulariot.service')
const ANALYZE = 'systemd-analyze'
const missing = spawnSync(ANALYZE, ['--version']).error !== undefined

it('are valid, and start an existing program', { skip: missing && `no ${ANALYZE}` }, () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'units-'))
  const dropIns = join(folder.path, 'modulariot.service.d')
  mkdirSync(dropIns)
  for (const name of readdirSync(UNITS)) {
    const unit = readFileSync(join(UNITS, name), 'utf8').replaceAll('/opt/modulariot/', CHECKOUT)
    writeFileSync(join(name.endsWith('.conf') ? dropIns : folder.path, name), unit)
  }
  const paths = ['modulariot.service', 'modulariot.socket'].map((name) => join(folder.path, name))
  const { stderr } = spawnSync(ANALYZE, ['verify', ...paths], { encoding: 'utf8' })
  // It also reports faults in this machine's own units.
  const complaints = stderr.split('\n').filter((line) => line.includes('modulariot'))
  assert.deepEqual(complaints, [])
})

/** From 250 on it rates a unit that is not installed. */
const canRate = /--offline/.test(spawnSync(ANALYZE, ['--help'], { encoding: 'utf8' }).stdout ?? '')

it('are rated below 2.0 by systemd-analyze security', {
  skip: !canRate && `no ${ANALYZE} that rates units which are not installed`,
}, () => {
  const args = ['security', '--offline=true', '--threshold=19', '--no-pager', SERVICE]
  const { status, stdout } = spawnSync(ANALYZE, args, { encoding: 'utf8' })
  const exposure = /Overall exposure level for \S+: ([\d.]+)/.exec(stdout)?.[1]
  assert.ok(Number(exposure) < 2, stdout)
  assert.equal(status, 0)
})

it('contain their restrictions, also without a systemd to rate them', () => {
  const lines = readFileSync(SERVICE, 'utf8').split('\n')
  for (const line of [
    'DynamicUser=yes',
    'CapabilityBoundingSet=',
    'NoNewPrivileges=yes',
    'LimitCORE=0',
    'UMask=0077',
    'StateDirectoryMode=0700',
    'ProtectSystem=strict',
    'ProtectProc=invisible',
    'PrivateDevices=yes',
    'RestrictNamespaces=yes',
    'SystemCallArchitectures=native',
    'SystemCallFilter=@system-service',
    'SystemCallFilter=~@privileged @resources',
    'SystemCallFilter=setpriority',
  ]) {
    assert.ok(lines.includes(line), line)
  }
  const start = lines.find((line) => line.startsWith('ExecStart='))
  assert.match(start ?? '', /--disable-sigusr1/)
  // V8 compiles JavaScript at run time.
  assert.ok(!lines.includes('MemoryDenyWriteExecute=yes'))
})

const USER = 61_234
const SETPRIV = [
  ...['--no-new-privs', '--bounding-set=-all', '--inh-caps=-all'],
  ...[`--reuid=${USER}`, `--regid=${USER}`, '--clear-groups'],
]
/** Only root can switch to another user, who may lack access to the checkout. */
const canDrop =
  spawnSync('setpriv', [...SETPRIV, 'test', '-r', SERVICE]).status === 0 &&
  spawnSync('setpriv', [...SETPRIV, process.execPath, '--version']).status === 0

/**
 * The part of the unit that a shell can apply: no user, no capability, no core dump, umask 0077.
 */
it('let the server work: log in, and store a report', {
  skip: !canDrop && 'no other user can be made of this one, or it cannot read the checkout',
}, async () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'units-'))
  chownSync(folder.path, USER, USER)
  const port = await freePort()
  const [, args = ''] = /^ExecStart=\S+ (.*)$/m.exec(readFileSync(SERVICE, 'utf8')) ?? []
  const script = `umask 0077; ulimit -c 0; exec setpriv ${SETPRIV.join(' ')} "$0" ${args}`
  const server = spawn('sh', ['-c', script, process.execPath], {
    cwd: CHECKOUT,
    env: {
      PATH: process.env.PATH,
      MIOT_DATA_DIR: folder.path,
      MIOT_PORT: String(port),
      MIOT_METRICS_PORT: '0',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  try {
    await untilItListens(server)
    const file = parseEnv(readFileSync(join(folder.path, 'quickstart.env'), 'utf8'))
    const connection = openConnection(`http://localhost:${port}`)
    const token = await accessToken(connection, {
      client_id: file.MIOT_CLIENT_ID as string,
      client_secret: file.MIOT_CLIENT_SECRET as string,
      audience: file.MIOT_AUDIENCE as string,
      grant_type: 'client_credentials',
    })
    assert.equal((await track(connection, token, report('TRUCK-1'))).status, 200)
    connection.close()
    // The user has no name, as in a container that runs with any user id.
    const list = spawnSync('sh', ['-c', script.replace(/serve$/, 'orgs list'), process.execPath], {
      cwd: CHECKOUT,
      env: { PATH: process.env.PATH, MIOT_DATA_DIR: folder.path },
      encoding: 'utf8',
    })
    assert.equal(list.status, 0, list.stderr)
  } finally {
    const exit = once(server, 'exit')
    server.kill('SIGTERM')
    assert.deepEqual(await exit, [0, null])
  }
})

async function untilItListens(server: ChildProcess): Promise<void> {
  let printed = ''
  server.stderr?.on('data', (text) => {
    printed += text
  })
  await new Promise<void>((resolve, reject) => {
    server.once('exit', (code) => reject(new Error(`miot serve ended (${code}): ${printed}`)))
    server.stdout?.on('data', (text) => {
      printed += text
      if (printed.includes('listen on')) resolve()
    })
  })
}
