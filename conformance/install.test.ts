/**
 * docs/install.md, in its order: each command block runs in a folder that stands for the machine,
 * and then the program of the systemd unit with the settings that the page wrote, twice.
 *
 * A block below `<!-- not run: reason -->` is left out.
 */

import assert from 'node:assert/strict'
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { parseEnv } from 'node:util'
import { freePort } from '@modulariot/platform/testing/free-port'
import { startPostgres, type TestPostgres } from '@modulariot/platform/testing/postgres'
import { environmentWithoutSettings } from './support/environment.ts'

const CHECKOUT = fileURLToPath(new URL('../', import.meta.url))
const PAGE = readFileSync(join(CHECKOUT, 'docs/install.md'), 'utf8')
const needed = ['psql', 'createdb', 'openssl', 'curl']
const missing = needed.filter((name) => spawnSync(name, ['--version']).error !== undefined)
const skip = missing.length > 0 && `NOT TESTED: ${missing.join(' and ')} (apt-get install)`
if (skip) process.stderr.write(`docs/install.md is ${skip}\n`)

/** The blocks to run, by the number of their section. */
const blocks = [...PAGE.matchAll(/^## (.*)\n((?:(?!^## ).*\n)*)/gm)].flatMap(([, title, text]) =>
  [...(text as string).matchAll(/(<!-- not run: .*-->\n)?```sh\n(.*?)```/gs)]
    .filter(([, not]) => not === undefined)
    .map(([, , commands]) => ({ title: title as string, commands: commands as string })),
)

/** Stands for `systemd-run`: applies those of its properties that the page uses. */
const SYSTEMD_RUN = `#!/bin/sh
set -e
while [ $# -gt 0 ]; do
  case $1 in
    -p) case $2 in
        EnvironmentFile=*) set -a; . "\${2#*=}"; set +a ;;
        Environment=*) export "\${2#*=}" ;;
        esac; shift 2 ;;
    -*) shift ;;
    *) break ;;
  esac
done
exec "$@"
`

describe('docs/install.md', { skip, timeout: 180_000 }, () => {
  let folder: string
  let port: number
  let postgres: TestPostgres
  let environment: Record<string, string | undefined>
  const servers: ChildProcess[] = []
  let output = ''

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'miot-install-'))
    port = await freePort()
    postgres = await startPostgres()
    const admin = new URL(await postgres.createDatabase())
    for (const name of ['etc/systemd/system', 'usr/local/sbin', 'var/lib', 'checkout']) {
      mkdirSync(join(folder, name), { recursive: true })
    }
    writeFileSync(join(folder, 'usr/local/sbin/systemd-run'), SYSTEMD_RUN, { mode: 0o755 })
    environment = {
      ...environmentWithoutSettings(),
      PATH: `${join(folder, 'usr/local/sbin')}:${process.env.PATH}`,
      CREDENTIALS_DIRECTORY: join(folder, 'etc/modulariot'),
      ...{ PGHOST: admin.hostname, PGPORT: admin.port, PGUSER: admin.username },
      PGPASSWORD: decodeURIComponent(admin.password),
    }
  })
  after(async () => {
    for (const server of servers) await stop(server)
    await postgres?.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  /** With the places of this test. */
  function here(text: string): string {
    const database = `127.0.0.1:${environment.PGPORT}`
    return text
      .replaceAll('/opt/modulariot/', CHECKOUT)
      .replaceAll('/opt/modulariot', CHECKOUT)
      .replaceAll(/(?<![\w/.])\/(etc|usr\/local|var\/lib)\//g, `${folder}/$1/`)
      .replaceAll('https://auth.example.com', `https://localhost:${port}`)
      .replaceAll('auth.example.com', 'localhost')
      .replaceAll('runuser -u postgres -- ', '')
      .replaceAll('127.0.0.1:5432', database)
      .replaceAll('0.0.0.0:443', `0.0.0.0:${port}`)
      .replaceAll('MIOT_PORT=443', `MIOT_PORT=${port}\nMIOT_METRICS_PORT=0\nMIOT_DRAIN_SECONDS=0`)
  }

  function run(title: string): string[] {
    const own = blocks.filter((block) => block.title.includes(title))
    assert.ok(own.length > 0, `no commands in "${title}"`)
    return own.map(({ commands }) =>
      execFileSync('sh', ['-euc', here(commands)], {
        cwd: join(folder, 'checkout'),
        env: environment,
        encoding: 'utf8',
      }),
    )
  }

  /** The program of the unit and its drop-in, with their environment. */
  async function start(changes: Record<string, string>): Promise<void> {
    const units = join(folder, 'etc/systemd/system')
    const files = ['modulariot.service', 'modulariot.service.d/install.conf']
    const unit = files.map((name) => here(readFileSync(join(units, name), 'utf8'))).join('\n')
    const values = (name: string) =>
      [...unit.matchAll(new RegExp(`^${name}=-?(.*)$`, 'gm'))].map(([, value]) => value as string)
    const credentials = join(folder, 'etc/modulariot')
    const settings = values('Environment').flatMap((line) => line.split(' '))
    const [file = ''] = values('EnvironmentFile')
    const [command = '', ...args] = values('ExecStart')[0]?.split(' ') ?? []
    const server = spawn(command, args, {
      cwd: values('WorkingDirectory')[0],
      env: {
        ...environmentWithoutSettings(),
        ...parseEnv(readFileSync(file, 'utf8')),
        ...parseEnv(settings.join('\n').replaceAll('%d', credentials)),
        ...changes,
      },
    })
    servers.push(server)
    await new Promise<void>((resolve, reject) => {
      server.once('exit', (code) => reject(new Error(`ended (${code}): ${output}`)))
      const read = (text: Buffer): void => {
        output += text
        if (String(text).includes('listen on')) resolve()
      }
      server.stdout.on('data', read)
      server.stderr.on('data', read)
    })
  }

  it('makes the key, the database, the certificate, the settings and the units', () => {
    for (const title of ['3. ', '4. ', '5. ', '6. ', '7. ']) run(title)
    const made = readdirSync(join(folder, 'etc/modulariot'))
    assert.equal(made.length, 5, String(made))
    for (const name of made) {
      assert.equal(statSync(join(folder, 'etc/modulariot', name)).mode & 0o077, 0, name)
    }
  })

  it('starts without a client and without a secret', async () => {
    await start({})
    assert.match(output, /miot clients create/)
    assert.doesNotMatch(output, /miot_(dev|prod)_/)
    assert.equal(existsSync(join(folder, 'var/lib/modulariot/quickstart.env')), false)
    const files = readdirSync(join(folder, 'var/lib/modulariot'))
    assert.deepEqual(
      files.filter((name) => name !== 'audit-checkpoints.ndjson'),
      [],
    )
  })

  it('makes the first client, which logs in over TLS', () => {
    run('8. ')
    const [answer = ''] = run('9. ')
    assert.match(answer, /"status":"ok"/)
    assert.match(answer, /"access_token":"eyJ/)
  })

  it('takes a second instance with the same files and a data directory of its own', async () => {
    const login = here('https://auth.example.com/api/v1/login')
    const second = String(await freePort())
    await start({ MIOT_PORT: second, MIOT_DATA_DIR: join(folder, 'var/lib/second') })
    const body = readFileSync(join(folder, 'etc/modulariot/first-client.json'))
    const ca = join(folder, 'etc/modulariot/fullchain.pem')
    const headers = ['--header', 'Content-Type: application/json', '--data', `${body}`]
    const url = login.replace(`:${port}`, `:${second}`)
    const answer = execFileSync('curl', ['-sSf', '--cacert', ca, url, ...headers], {
      encoding: 'utf8',
    })
    const bearer = ['--header', `Authorization: Bearer ${JSON.parse(answer).access_token}`]
    const assets = here('https://auth.example.com/v1/assets')
    execFileSync('curl', ['-sSf', '--cacert', ca, assets, ...bearer])
  })

  it('makes the secrets of compose.yaml', {
    skip: process.getuid?.() !== 0 && 'needs root',
  }, () => {
    run('With Docker')
    const compose = readFileSync(join(CHECKOUT, 'compose.yaml'), 'utf8')
    const files = [...compose.matchAll(/file: \.\/(.*)$/gm)].map(([, path]) => path as string)
    for (const path of files) {
      const { uid, mode } = statSync(join(folder, 'checkout', path))
      assert.deepEqual([uid, mode & 0o777], [10_001, 0o400], path)
    }
    assert.equal(readdirSync(join(folder, 'checkout/secrets')).length, files.length)
  })
})

async function stop(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null) return
  const exit = once(server, 'exit')
  server.kill('SIGTERM')
  await exit
}
