import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, mkdtempDisposableSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { deriveInstallationKeys, openSqliteAuthStore, type RsaLibrary } from '@modulariot/auth'
import { createAuthServer } from '@modulariot/auth/server'
import { openDatabase } from '@modulariot/platform/storage'
import type { Context } from '../command/context.ts'
import { commit, version } from '../command/version.ts'
import { parseConfig } from '../config/parse-config.ts'
import { withKeys } from '../installation/given-keys.ts'
import { createOutput } from '../terminal/output.ts'
import { type Check, type Finding, faultOf, findingOf } from './check.ts'
import { doctor } from './doctor.ts'
import { FILE_CHECKS } from './files.ts'
import { rsaLibraryResult } from './rsa-library.ts'
import { certificateResult, SERVER_CHECKS } from './server.ts'
import { SIGNER_CHECKS } from './signer.ts'
import { STORE_CHECKS, skewResult } from './store.ts'
import { buildInMetrics, versionResult } from './version.ts'

const ALL: readonly Check[] = [...FILE_CHECKS, ...STORE_CHECKS, ...SIGNER_CHECKS, ...SERVER_CHECKS]

/** An answer to every request, or none: nothing listens. */
type Answer = readonly [status: number, body: string] | null

async function finding(
  name: string,
  dataDir: string,
  {
    answer = null,
    backup = null,
    ...settings
  }: { answer?: Answer; backup?: string | null } & Record<string, unknown> = {},
): Promise<Finding> {
  const check = ALL.find((one) => one.name === name) as Check
  const config = parseConfig(
    { MIOT_DATA_DIR: dataDir, ...(settings as Record<string, string>) },
    () => '',
  )
  const fetch = async () => {
    if (answer === null) throw new TypeError('fetch failed', { cause: new Error('ECONNREFUSED') })
    const [status, body] = answer
    return new Response(body, { status })
  }
  return findingOf(check, {
    ...{ config, fetch, url: config.issuer, remote: false, backup },
    withKeys: () => withKeys(config),
  })
}

const temporaryFolder = () => mkdtempDisposableSync(join(tmpdir(), 'miot-doctor-'))

describe('a finding', () => {
  it('of an error has the remedy that its message ends with, or the one of its check', () => {
    const config = { dataDir: '/data' }
    assert.deepEqual(faultOf(new Error('port 1: taken: set MIOT_PORT'), 'x', config), {
      ...{ level: 'fault', detail: 'port 1: taken', remedy: 'set MIOT_PORT' },
    })
    assert.equal(faultOf(new Error('code: 14'), 'restore it', config).remedy, 'restore it')
  })

  it('calls a lack of permission that', () => {
    const error = Object.assign(new Error('x'), { code: 'EACCES', path: '/data/auth.db' })
    const { detail, remedy } = faultOf(error, 'x', { dataDir: '/data' })
    assert.match(detail, /^user \d+ has no permission for \/data\/auth\.db \(EACCES\)$/)
    assert.equal(remedy, 'run miot doctor as the user of miot serve')
  })
})

describe('doctor on an installation', () => {
  it('reports every file that others can read, in any folder', {
    skip: !process.geteuid,
  }, async () => {
    using folder = temporaryFolder()
    const backups = join(folder.path, 'backups')
    mkdirSync(backups, { mode: 0o700 })
    const copy = join(backups, 'auth.db')
    writeFileSync(copy, '', { mode: 0o600 })
    assert.equal((await finding('files', folder.path)).level, 'ok')
    chmodSync(copy, 0o644)
    const { ok, level, detail, remedy } = await finding('files', folder.path)
    assert.deepEqual([ok, level, remedy], [false, 'fault', `chmod 600 ${copy}`])
    assert.equal(detail, `${copy} can be read by other users (mode 0644)`)
  })

  it('writes to the disk on trial, and leaves nothing', async () => {
    using folder = temporaryFolder()
    const { level, detail } = await finding('disk', folder.path)
    assert.notEqual(level, 'fault')
    assert.match(detail, /^\d+\.\d GiB free for /)
    assert.equal((await finding('files', folder.path)).detail, '0 files, all private')
  })

  it('names a key that is missing, and a setting that has it', async () => {
    using folder = temporaryFolder()
    const { level, remedy } = await finding('encryption key', folder.path)
    assert.equal(level, 'fault')
    assert.match(remedy as string, /MIOT_ENCRYPTION_KEY/)
    const MIOT_ENCRYPTION_KEY = 'A'.repeat(43)
    assert.equal((await finding('encryption key', folder.path, { MIOT_ENCRYPTION_KEY })).ok, true)
  })

  it('names the key, not the database, when the stored keys need another one', async () => {
    using folder = temporaryFolder()
    const keyOf = (letter: string) => ({ MIOT_ENCRYPTION_KEY: letter.repeat(42).concat('A') })
    const store = openSqliteAuthStore(join(folder.path, 'auth.db'))
    const master = parseConfig(keyOf('A'), () => '').encryptionKey as Uint8Array
    const server = await createAuthServer({
      ...{ issuer: 'http://localhost:8080', store, now: Date.now },
      installationKeys: deriveInstallationKeys(master),
      onError: (error) => assert.fail(String(error)),
    })
    await server.close()
    await store.close()
    const { level, detail } = await finding('store and keys', folder.path, keyOf('A'))
    assert.notEqual(level, 'fault', detail)
    const wrong = await finding('store and keys', folder.path, keyOf('B'))
    assert.match(wrong.detail, /^the encryption key does not decrypt the signing keys of /)
    assert.match(wrong.remedy as string, /^restore the key that they were encrypted with/)
  })

  it('finds pending migrations, and migrates nothing', async () => {
    using folder = temporaryFolder()
    const path = join(folder.path, 'auth.db')
    assert.equal((await finding('migrations', folder.path)).level, 'skipped')
    await openSqliteAuthStore(path).close()
    const database = openDatabase(path)
    database.exec('DELETE FROM migrations WHERE version > 1')
    for (const round of [1, 2]) {
      const { level, detail, remedy } = await finding('migrations', folder.path)
      assert.equal(level, 'warn', `round ${round}`)
      assert.match(detail, /^auth: \d+ pending \(1 of \d+\)/)
      assert.equal(remedy, 'run miot migrate, or start miot serve')
      assert.equal((await finding('store and keys', folder.path)).level, 'skipped')
    }
    database.close()
  })

  it('skips the login where no client is configured, as on a second instance', async () => {
    using folder = temporaryFolder()
    for (const name of ['login', 'verification']) {
      const { ok, level } = await finding(name, folder.path)
      assert.deepEqual([ok, level], [true, 'skipped'])
    }
  })
})

it('doctor reports a database that cannot be reached, and no fault of what is in it', async () => {
  using folder = temporaryFolder()
  const levelOf = async (name: string) => {
    const MIOT_DATABASE_URL = 'postgres://miot:x@127.0.0.1:1/miot?sslmode=disable'
    return (await finding(name, folder.path, { MIOT_DATABASE_URL })).level
  }
  for (const name of ['pooling', 'migrations', 'store and keys']) {
    assert.equal(await levelOf(name), 'fault', name)
  }
  for (const name of ['database clock', 'client keys', 'signer']) {
    assert.equal(await levelOf(name), 'skipped', name)
  }
})

describe('doctor on a backup', { skip: !process.geteuid }, () => {
  const check = (place: string, backup: string | null) => finding('backup', place, { backup })

  it('looks at its files wherever it is, and at what a killed backup left', async () => {
    using folder = temporaryFolder()
    const copy = join(folder.path, 'monday', 'auth.db')
    mkdirSync(join(folder.path, 'monday'), { mode: 0o700 })
    writeFileSync(copy, '', { mode: 0o600 })
    assert.match((await check('data', folder.path)).detail, /holds no backup$/)
    writeFileSync(join(folder.path, 'monday', 'backup.json'), '{}', { mode: 0o600 })
    for (const place of [folder.path, join(folder.path, 'monday')]) {
      const { level, detail } = await check('data', place)
      assert.deepEqual([level, detail], ['ok', `${place}: 2 files, all private`])
    }
    chmodSync(copy, 0o640)
    const open = await check('data', folder.path)
    assert.deepEqual([open.level, open.remedy], ['fault', `chmod 600 ${copy}`])
    chmodSync(copy, 0o600)
    mkdirSync(join(folder.path, 'tuesday.unfinished-aB3xYz'))
    assert.match((await check('data', folder.path)).detail, /^.*tuesday.unfinished-aB3xYz is left/)
    chmodSync(folder.path, 0o777)
    assert.match((await check('data', folder.path)).detail, /can be written by other users/)
  })

  it('reports one that is missing, and skips none', async () => {
    assert.equal((await check('data', '/nonexistent')).level, 'fault')
    assert.equal((await check('data', null)).level, 'skipped')
  })
})

describe('the version of doctor', () => {
  const here = { version: version(), commit: commit() }

  it('is compared with the server’s, as far as both are known', () => {
    for (const same of [here, { ...here, commit: null }]) {
      assert.equal(versionResult(same, true).level, 'ok')
    }
    const others = [
      { ...here, version: '99.0.0' },
      { ...here, commit: 'f'.repeat(40) },
    ]
    for (const other of others) {
      const { level, detail } = versionResult(other, true)
      assert.equal(level, 'warn')
      assert.match(detail, /here, but the server runs .*(99\.0\.0|fffffff)/)
    }
    const unknown = versionResult(null, true)
    assert.deepEqual([unknown.level, unknown.remedy], ['ok', null])
    assert.match(unknown.detail, /only with an administrator as MIOT_CLIENT_ID$/)
  })

  it('is found on a metrics page of ours only', () => {
    const page = 'a 1\nmiot_build_info{version="0.1.0",commit="unknown",node="v26"} 1\nb 2\n'
    assert.deepEqual(buildInMetrics(page), { version: '0.1.0', commit: null })
    assert.equal(buildInMetrics('node_info{version="1"} 1'), null)
  })
})

describe('doctor on a server', () => {
  const readyz = (status: string, more: object = {}) =>
    JSON.stringify({ status, checks: { auth: 'ok', api: status }, ...more })
  const CASES: Readonly<Record<string, [answer: Answer, level: string, detail: RegExp]>> = {
    'that is ready': [[200, readyz('ok')], 'ok', /\/readyz is ready$/],
    'that is degraded': [[200, readyz('degraded')], 'warn', /api degraded/],
    'that cannot write': [
      [503, readyz('unavailable', { unwritable: ['api'] })],
      'fault',
      /returned 503 \(.*cannot write: api\)/,
    ],
    'that is a stranger’s page': [[200, '<html>'], 'fault', /is answered by another program$/],
    'that is a stranger’s JSON': [[200, '{"status":"ok"}'], 'fault', /answered by another program/],
    'that redirects': [[307, ''], 'fault', /returned 307$/],
    'that is not there': [null, 'fault', /cannot be reached$/],
  }
  for (const [name, [answer, level, detail]] of Object.entries(CASES)) {
    it(`tells one ${name}, with what to do`, async () => {
      using folder = temporaryFolder()
      const found = await finding('server', folder.path, { answer })
      assert.equal(found.level, level)
      assert.match(found.detail, detail)
      assert.equal(found.remedy === null, level === 'ok')
    })
  }
})

it('doctor shortens no name of a check on a narrow terminal, and prints faults in bold', async () => {
  using folder = temporaryFolder()
  let screen = ''
  const print = (text: string) => {
    screen += text
  }
  const config = parseConfig({ MIOT_DATA_DIR: folder.path }, () => '')
  const fetch = () => Promise.reject(new TypeError('fetch failed'))
  const output = createOutput(false, print, { width: 40, bold: (text) => `<${text}>` })
  await doctor(
    { config: () => config, fetch, output, tokenDirectory: null, url: 'http://localhost:1' },
    {},
  )
  process.exitCode = 0
  assert.match(screen, /^< {9}CHECK {11}RESULT>\nok {7}version /)
  assert.match(screen, /^skipped {2}data directory {2}--url checks a server elsewhere$/m)
  assert.match(screen, /^<FAULT {4}server {10}http.* cannot be reached: start .*>$/m)
})

it('doctor logs in once, and both checks of the token use it', async () => {
  using folder = temporaryFolder()
  const client = {
    MIOT_CLIENT_ID: 'client_1',
    MIOT_CLIENT_SECRET: 'secret',
    MIOT_AUDIENCE: 'https://api.example',
  }
  const config = parseConfig({ MIOT_DATA_DIR: folder.path, ...client }, () => '')
  let logins = 0
  const fetch: Context['fetch'] = async (url) => {
    if (!String(url).endsWith('/api/v1/login')) return new Response('', { status: 404 })
    logins++
    return Response.json({ access_token: 'a.b.c', token_type: 'Bearer', expires_in: 60 })
  }
  let report = ''
  const output = createOutput(true, (text) => {
    report += text
  })
  const context = { config: () => config, fetch, output, tokenDirectory: null }
  await doctor({ ...context, url: 'http://localhost:1' }, {})
  process.exitCode = 0
  const levels = JSON.parse(report).findings.map(({ check, level }: Finding) => [check, level])
  assert.equal(Object.fromEntries(levels).login, 'ok')
  assert.equal(Object.fromEntries(levels).verification, 'fault')
  assert.equal(logins, 1)
})

it('doctor does not call a library used that the running server does not use', () => {
  const path = '/lib/libcrypto_mb.so.13'
  const opened = { library: { about: 'libcrypto_mb 2.3.0' }, path } as RsaLibrary
  const levelWith = (page: string | null) => rsaLibraryResult(opened, page).level
  const build = 'miot_build_info{version="0.1.0",commit="unknown"} 1\n'
  // The server has no metrics page, or does not run; another program has its port.
  assert.deepEqual([null, 'another program'].map(levelWith), ['ok', 'ok'])
  assert.equal(levelWith(`${build}miot_auth_rsa_library_in_use 1\n`), 'ok')
  // It failed there, or was installed after the start.
  assert.equal(levelWith(`${build}miot_auth_rsa_library_in_use 0\n`), 'warn')
  assert.equal(levelWith(build), 'warn')
})

describe('what will not last', () => {
  it('is a certificate with less than 21 days, and a fault once it has ended', () => {
    const now = Date.UTC(2026, 0, 1)
    const after = (days: number) => certificateResult('c.pem', now + days * 86_400_000, now)
    assert.deepEqual(
      [after(22), after(20), after(-1)].map(({ level }) => level),
      ['ok', 'warn', 'fault'],
    )
    assert.match(after(20).detail, /valid until 2026-01-21, 20 days from now/)
  })

  it('is a clock that is more than five seconds off', () => {
    assert.equal(skewResult(-5000, 'the database').level, 'ok')
    const { level, detail, remedy } = skewResult(-61_000, 'the database')
    assert.deepEqual([level, remedy], ['fault', 'sync both (NTP)'])
    assert.equal(detail, "the clock of the database is 61 s behind this machine's")
  })
})
