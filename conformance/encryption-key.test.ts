/**
 * The encryption key of an installation changes while clients log in: two instances on PostgreSQL
 * that restart in turn, and one on the embedded store with the key that it generated itself.
 */

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { startPostgres, type TestPostgres } from '@modulariot/platform/testing/postgres'
import { environmentWithoutSettings } from './support/environment.ts'
import {
  type Credentials,
  type MiotResult,
  type RunningServer,
  startServer,
} from './support/running-server.ts'
import { createClient } from './support/token-requests.ts'

/** A secret moves with the counters, some seconds after its login. */
const MOVE_TIMEOUT_MS = 30_000

let folder: string
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'miot-reseal-'))
})
after(() => rmSync(folder, { recursive: true, force: true }))

const newKey = (): string => randomBytes(32).toString('hex')

function keyFile(name: string, key: string): string {
  const path = join(folder, name)
  writeFileSync(path, `${key}\n`, { mode: 0o600 })
  return path
}

async function login({ url }: RunningServer, credentials: Credentials) {
  const body = new URLSearchParams({ ...credentials })
  const answer = await fetch(`${url}/oauth2/token`, { method: 'POST', body })
  return { status: answer.status, body: (await answer.json()) as { access_token?: string } }
}

/** Status of a request to ModularIoT API with this token. */
async function useToken({ url }: RunningServer, token: string): Promise<number> {
  const headers = { authorization: `Bearer ${token}` }
  const answer = await fetch(`${url}/v1/assets`, { headers })
  await answer.body?.cancel()
  return answer.status
}

/** Logs in again and again, on each server in turn, until it is stopped. */
function keepLoggingIn(servers: readonly RunningServer[], credentials: Credentials) {
  const seen = { logins: 0, refused: [] as unknown[] }
  let stopped = false
  async function run(): Promise<void> {
    for (let turn = 0; !stopped; turn++) {
      const server = servers[turn % servers.length] as RunningServer
      // A server that restarts does not accept connections.
      const answer = await login(server, credentials).catch(() => null)
      if (answer?.status === 200) seen.logins++
      else if (answer !== null && answer.status < 500) seen.refused.push(answer)
      await delay(20)
    }
  }
  const done = run()
  return {
    seen,
    async stop() {
      stopped = true
      await done
    },
  }
}

interface Remaining {
  readonly client_id: string
  readonly secret_id: string
  readonly last_used_at: string | null
}

interface Resealed {
  readonly signing_keys: { readonly resealed: number; readonly total: number }
  readonly remaining: readonly Remaining[]
}

const reseal = (server: RunningServer, path: string): Promise<MiotResult> =>
  server.miot(['keys', 'reseal', '--new-key-file', path, '--json'])

async function resealed(server: RunningServer, path: string): Promise<Resealed> {
  const { status, stdout, stderr } = await reseal(server, path)
  assert.equal(status, 0, stderr)
  return JSON.parse(stdout) as Resealed
}

/** Runs the command until only these clients' secrets remain. */
async function untilRemaining(
  server: RunningServer,
  path: string,
  ...clients: readonly string[]
): Promise<readonly Remaining[]> {
  const deadline = performance.now() + MOVE_TIMEOUT_MS
  for (;;) {
    const { remaining } = await resealed(server, path)
    const ids = remaining.map(({ client_id }) => client_id)
    if (ids.join() === clients.join()) return remaining
    assert.ok(performance.now() < deadline, `still under the former key: ${ids}`)
    await delay(500)
  }
}

const messageOf = ({ stderr }: MiotResult): string =>
  JSON.parse(stderr.trim().split('\n').at(-1) as string).error.message

async function assertTrailIntact(server: RunningServer): Promise<void> {
  const { status, stderr } = await server.miot(['audit', 'verify'])
  assert.equal(status, 0, stderr)
}

describe('the encryption key of two instances on PostgreSQL', { timeout: 180_000 }, () => {
  const [former, next] = [newKey(), newKey()]
  let postgres: TestPostgres
  let first: RunningServer
  let second: RunningServer
  let current: string
  let changingTo: string
  let traffic: ReturnType<typeof keepLoggingIn>
  let silent: Credentials
  let token: string
  let databaseUrl: string

  before(async () => {
    postgres = await startPostgres()
    databaseUrl = await postgres.createDatabase()
    current = keyFile('current', former)
    // The same key twice is one key: the change has not begun.
    changingTo = keyFile('new', former)
    const settings = {
      MIOT_DATABASE_URL: databaseUrl,
      MIOT_ENCRYPTION_KEY_FILE: current,
      MIOT_NEW_ENCRYPTION_KEY_FILE: changingTo,
    }
    first = await startServer(settings)
    const joined = { MIOT_DATA_DIR: first.dataDir, MIOT_ISSUER: first.url }
    second = await startServer({ ...settings, ...joined })
    silent = await createClient(first, '--name', 'Silent')
    token = (await login(first, first.credentials)).body.access_token as string
    traffic = keepLoggingIn([first, second], first.credentials)
  })
  after(async () => {
    await traffic.stop()
    await second.stop()
    await first.stop()
    await postgres.stop()
  })

  it('does not change while an instance does not know the new key', async () => {
    writeFileSync(changingTo, next)
    const none = await reseal(first, changingTo)
    assert.equal(none.status, 1)
    for (const { pid } of [first, second]) {
      assert.ok(messageOf(none).includes(`(process ${pid()})`), messageOf(none))
    }
    await second.restart()
    const one = await reseal(first, changingTo)
    assert.equal(one.status, 1)
    const { pid } = first
    assert.match(messageOf(one), new RegExp(`key: \\S+ \\(process ${pid()}\\)\\. Restart each`))
    await first.restart()
  })

  it('changes on all instances at once, also when the command is killed in between', async () => {
    const main = fileURLToPath(new URL('../packages/cli/src/main.ts', import.meta.url))
    const child = spawn(process.execPath, [main, 'keys', 'reseal', '--new-key-file', changingTo], {
      env: {
        ...environmentWithoutSettings(),
        MIOT_DATA_DIR: first.dataDir,
        MIOT_ISSUER: first.url,
        MIOT_DATABASE_URL: databaseUrl,
        MIOT_ENCRYPTION_KEY_FILE: current,
        MIOT_NEW_ENCRYPTION_KEY_FILE: changingTo,
      },
    })
    const exit = once(child, 'exit')
    await once(child.stderr, 'data')
    child.kill('SIGKILL')
    await exit
    const { signing_keys } = await resealed(first, changingTo)
    assert.deepEqual(signing_keys.resealed, 0)
    assert.ok(signing_keys.total > 0)
  })

  it('moves a secret at its next login, and lists the ones that are not used', async () => {
    const [remaining] = await untilRemaining(first, changingTo, silent.client_id)
    assert.equal(remaining?.last_used_at, null)
    const added = await createClient(second, '--name', 'Added')
    for (const server of [first, second]) {
      assert.equal((await login(server, added)).status, 200)
      assert.equal(await useToken(server, token), 200)
    }
    await untilRemaining(first, changingTo, silent.client_id)
    await assertTrailIntact(first)
  })

  it('refuses a command that knows the former key only, before it makes a useless secret', async () => {
    const env = { MIOT_NEW_ENCRYPTION_KEY_FILE: '' }
    const made = await first.miot(['clients', 'create', '--name', 'Late', '--json'], { env })
    assert.equal(made.status, 1)
    assert.match(messageOf(made), /cannot be opened.*after miot keys reseal, set it to the new key/)
  })

  it('is finished without the former key: all but the listed secrets log in', async () => {
    writeFileSync(current, next)
    await second.restart()
    await first.restart()
    for (const server of [first, second]) {
      assert.equal((await login(server, server.credentials)).status, 200)
      assert.equal(await useToken(server, token), 200)
      assert.equal((await login(server, silent)).status, 401)
    }
    // The log comes through a pipe, beside the answers; the test's own limit ends the wait.
    while (!second.output().includes('"secret_under_former_key"')) await delay(20)
    await assertTrailIntact(second)
    await traffic.stop()
    assert.deepEqual(traffic.seen.refused, [])
    assert.ok(traffic.seen.logins > 0)
    const printed = first.output() + second.output()
    assert.ok(!printed.includes(former) && !printed.includes(next), 'a key is in the log')
  })
})

describe('the encryption key in the data directory', { timeout: 120_000 }, () => {
  let server: RunningServer
  let path: string
  before(async () => {
    path = keyFile('next', newKey())
    server = await startServer({ MIOT_NEW_ENCRYPTION_KEY_FILE: path })
  })
  after(() => server.stop())

  it('is not changed to a file that holds no new key, or that all can read', async () => {
    const open = keyFile('open', newKey())
    chmodSync(open, 0o644)
    const own = readFileSync(join(server.dataDir, 'encryption.key'), 'utf8').trim()
    const refusals = [
      [keyFile('short', 'abc'), /short: the key must be 32 bytes/],
      [open, /can be read by every user.*chmod o-r/],
      [join(folder, 'missing'), /cannot read .*missing \(ENOENT\)/],
      [keyFile('same', own), /has already: create a new one/],
      [keyFile('another', newKey()), /MIOT_NEW_ENCRYPTION_KEY hold different keys/],
    ] as const
    const env = { MIOT_NEW_ENCRYPTION_KEY_FILE: '' }
    for (const [file, message] of refusals) {
      const args = ['keys', 'reseal', '--new-key-file', file, '--json']
      const refused = await server.miot(args, file.endsWith('another') ? {} : { env })
      assert.equal(refused.status, 2, refused.stderr)
      assert.match(messageOf(refused), message)
    }
    assert.equal((await login(server, server.credentials)).status, 200)
  })

  it('changes, and its checkpoints from before stay evidence', async () => {
    const { stdout } = await server.miot(['audit', 'checkpoint', '--json'])
    const { checkpoint, public_key } = JSON.parse(stdout)
    const { signing_keys, remaining } = await resealed(server, path)
    assert.equal(signing_keys.resealed, signing_keys.total)
    assert.deepEqual(
      remaining.map(({ client_id }) => client_id),
      [server.credentials.client_id],
    )
    const traffic = keepLoggingIn([server], server.credentials)
    await untilRemaining(server, path).finally(() => traffic.stop())
    assert.deepEqual(traffic.seen.refused, [])
    const { stdout: text } = await server.miot([
      'keys',
      'reseal',
      '--new-key-file',
      path,
      '--no-json',
    ])
    const file = join(server.dataDir, 'encryption.key')
    assert.ok(text.includes(`install -m 600 ${path} ${file}`), text)
    writeFileSync(file, readFileSync(path), { mode: 0o600 })
    await server.restart()
    assert.equal((await login(server, server.credentials)).status, 200)
    const verified = await server.miot(['audit', 'verify', '--checkpoint', checkpoint])
    assert.equal(verified.status, 0, verified.stderr)
    const later = await server.miot(['audit', 'checkpoint', '--json'])
    assert.notEqual(JSON.parse(later.stdout).public_key.kid, public_key.kid)
    await assertTrailIntact(server)
  })
})
