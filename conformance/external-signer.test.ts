/**
 * Signing keys are held by an external signer, the program in examples/signers: their life, an
 * outage, and the way back, on both stores.
 */

import assert from 'node:assert/strict'
import {
  copyFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { freePort } from '@modulariot/platform/testing/free-port'
import { startPostgres, type TestPostgres } from '@modulariot/platform/testing/postgres'
import { createRemoteJWKSet, decodeProtectedHeader, jwtVerify } from 'jose'
import { type RunningServer, runMiot, startServer } from './support/running-server.ts'

const EXAMPLE = fileURLToPath(new URL('../examples/signers/directory.ts', import.meta.url))
const SIGNATURES = 'miot_auth_signer_signatures_total'
const WITHIN_MS = 30_000
const ISSUER = 'https://auth.example'

interface KeyRow {
  readonly kid: string
  readonly alg: string
  readonly state: string
  readonly held_by: string
}

let folder: string
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'miot-external-signer-'))
})
after(() => rmSync(folder, { recursive: true, force: true }))

/** A script that runs the example, and can be made to fail. */
function signerIn(name: string): {
  readonly keys: string
  readonly command: string
  readonly script: string
} {
  const keys = join(folder, name)
  const script = join(folder, `${name}.sh`)
  writeFileSync(script, `echo $$ > ${keys}.$PPID; exec ${process.execPath} ${EXAMPLE} ${keys}`)
  return { keys, script, command: `sh ${script}` }
}

const held = (keys: string): number => readdirSync(keys).length

async function login({ url, credentials }: RunningServer): Promise<Response> {
  const body = new URLSearchParams({ ...credentials })
  return fetch(`${url}/oauth2/token`, { method: 'POST', body })
}

async function token(server: RunningServer): Promise<string> {
  const response = await login(server)
  assert.equal(response.status, 200)
  return ((await response.json()) as { access_token: string }).access_token
}

async function keysOf(server: RunningServer): Promise<KeyRow[]> {
  const { stdout, stderr, status } = await server.miot(['keys', 'list', '--json'])
  assert.equal(status, 0, stderr)
  return JSON.parse(stdout).keys
}

const standing = (keys: readonly KeyRow[]) =>
  keys.map(({ state, held_by }) => `${state} ${held_by}`).sort()

/** Until it holds; tests the last failure otherwise. */
async function eventually(what: () => Promise<void>): Promise<void> {
  const deadline = performance.now() + WITHIN_MS
  for (;;) {
    try {
      return await what()
    } catch (error) {
      if (performance.now() > deadline) throw error
      await wait(100)
    }
  }
}

describe('an installation whose signing keys an external signer holds', {
  timeout: 180_000,
}, () => {
  let server: RunningServer
  let metricsPort: number
  const signer = () => signerIn('first')
  before(async () => {
    metricsPort = await freePort()
    server = await startServer({
      MIOT_SIGNER_COMMAND: signer().command,
      MIOT_JWKS_MAX_AGE: '1',
      MIOT_METRICS_PORT: String(metricsPort),
    })
  })
  after(() => server?.stop())

  async function readyz(): Promise<[number, string]> {
    const response = await fetch(`${server.url}/readyz`)
    return [response.status, ((await response.json()) as { status: string }).status]
  }
  async function metric(name: string): Promise<string | undefined> {
    const page = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text()
    return page
      .split('\n')
      .find((line) => line.startsWith(`${name} `))
      ?.split(' ')[1]
  }

  it('signs with them, publishes them, and has no private key in its store', async () => {
    const jwt = await token(server)
    const jwks = createRemoteJWKSet(new URL(`${server.url}/.well-known/jwks.json`))
    await jwtVerify(jwt, jwks, { issuer: server.url })
    await eventually(async () =>
      assert.deepEqual(standing(await keysOf(server)), ['active signer', 'next signer']),
    )
    assert.equal(held(signer().keys), 2)
    assert.equal(await metric('miot_auth_signer_up'), '1')
    assert.equal(await metric(`${SIGNATURES}{outcome="signed"}`), '1')
  })

  it('is checked by miot doctor, which lets each key sign', async () => {
    const { stdout, status } = await server.miot(['doctor', '--no-json'])
    assert.match(stdout, /ok +signer +sh runs, and signs with its 2 of 2 keys/)
    assert.equal(status, 0, stdout)
    const lost = readdirSync(signer().keys)[0] ?? ''
    renameSync(join(signer().keys, lost), join(folder, 'lost'))
    const after = await server.miot(['doctor', '--no-json'])
    renameSync(join(folder, 'lost'), join(signer().keys, lost))
    assert.match(after.stdout, /FAULT +signer +The signer refused to sign: ENOENT/)
  })

  it('lets no token out that its public key does not verify, and names the key', async () => {
    const rows = await keysOf(server)
    const active = rows.find(({ state }) => state === 'active')?.kid ?? ''
    const [one, other] = readdirSync(signer().keys).map((name) => join(signer().keys, name))
    assert.ok(one && other)
    copyFileSync(one, join(folder, 'one'))
    copyFileSync(other, join(folder, 'other'))
    // Both files have the same key now: it is not that of the active reference, in one of two ways.
    for (const [from, to, back] of [
      ['one', other, 'other'],
      ['other', one, 'one'],
    ] as const) {
      copyFileSync(join(folder, from), to)
      const response = await login(server)
      copyFileSync(join(folder, back), to)
      if (response.status === 200) continue
      assert.equal(response.status, 503)
      assert.equal(await metric(`${SIGNATURES}{outcome="wrong_signature"}`), '1')
      assert.match(server.output(), new RegExp(`public key of ${active} does not verify`))
      assert.equal((await login(server)).status, 200)
      return
    }
    assert.fail('both logins got a token')
  })

  it('answers 503 during an outage, says so, verifies on, and recovers on its own', async () => {
    const jwt = await token(server)
    const { script, keys } = signer()
    copyFileSync(script, `${script}.good`)
    writeFileSync(script, 'echo "no token in slot 0" >&2; exit 7')
    process.kill(Number(readFileSync(`${keys}.${server.pid()}`, 'utf8')), 'SIGKILL')
    await eventually(async () => assert.equal(await metric('miot_auth_signer_up'), '0'))
    const began = performance.now()
    const refused = await Promise.all(Array.from({ length: 50 }, () => login(server)))
    assert.ok(performance.now() - began < 5000, 'no login waits for it')
    for (const response of refused) {
      assert.equal(response.status, 503)
      assert.ok(Number(response.headers.get('retry-after')) > 0)
      assert.equal(((await response.json()) as { error: string }).error, 'temporarily_unavailable')
    }
    assert.deepEqual(await readyz(), [200, 'degraded'])
    const authorization = `Bearer ${jwt}`
    const assets = await fetch(`${server.url}/v1/assets`, { headers: { authorization } })
    assert.equal(assets.status, 200)
    const doctor = await server.miot(['doctor', '--no-json'])
    assert.match(
      doctor.stdout,
      /FAULT +signer .*sh ended with status 7, and wrote “no token in slot 0”/,
    )
    assert.match(server.output(), /the external signer does not run/)
    assert.match(server.output(), /no token in slot 0/)
    copyFileSync(`${script}.good`, script)
    await eventually(async () => assert.equal((await login(server)).status, 200))
    assert.deepEqual(await readyz(), [200, 'ok'])
  })

  it('rotates, and in an emergency destroys the keys that it withdraws', async () => {
    const before = await token(server)
    const { status, stderr } = await server.miot(['keys', 'rotate', '--json'])
    assert.equal(status, 0, stderr)
    await eventually(async () => {
      const { kid } = decodeProtectedHeader(await token(server))
      assert.notEqual(kid, decodeProtectedHeader(before).kid)
    })
    const jwks = createRemoteJWKSet(new URL(`${server.url}/.well-known/jwks.json`))
    await jwtVerify(before, jwks, { issuer: server.url })
    const replaced = await server.miot(['keys', 'rotate', '--now', '--json'])
    assert.equal(replaced.status, 0, replaced.stderr)
    assert.equal(held(signer().keys), 1)
    await eventually(async () => assert.equal((await login(server)).status, 200))
  })

  it('is backed up without the keys, and restored where the signer has them', async () => {
    const backup = await server.miot(['backup', join(folder, 'backup'), '--no-json'])
    assert.match(backup.stdout, /NOT INCLUDED: the signing keys that MIOT_SIGNER_COMMAND holds/)
    const env = { MIOT_DATA_DIR: join(folder, 'restored') }
    const restored = await server.miot(['restore', join(folder, 'backup')], { env })
    assert.equal(restored.status, 0, restored.stderr)
    const doctor = await server.miot(['doctor', '--no-json'], { env })
    assert.match(doctor.stdout, /ok +signer/)
  })

  it('does not start without the signer, nor with a program that does not exist', async () => {
    const env = {
      MIOT_DATA_DIR: server.dataDir,
      MIOT_METRICS_PORT: '0',
      MIOT_PORT: String(await freePort()),
    }
    const without = await runMiot(['serve', '--no-json'], { env })
    assert.equal(without.status, 1)
    assert.match(without.stderr, /is with an external signer: set MIOT_SIGNER_COMMAND/)
    const missing = await runMiot(['serve', '--no-json'], {
      env: { ...env, MIOT_SIGNER_COMMAND: '/nonexistent/signer' },
    })
    assert.equal(missing.status, 1)
    assert.match(
      missing.stderr,
      /MIOT_SIGNER_COMMAND: \/nonexistent\/signer cannot be run \(ENOENT\)/,
    )
  })
})

describe('an installation whose HSM is lost', { timeout: 120_000 }, () => {
  it('goes back to the store, and names what it could not destroy', async () => {
    const { command, keys } = signerIn('lost')
    const server = await startServer({ MIOT_SIGNER_COMMAND: command })
    try {
      rmSync(keys, { recursive: true })
      assert.equal((await login(server)).status, 503)
      const env = { MIOT_SIGNER_COMMAND: 'false', MIOT_SIGNING_KEYS: 'store' }
      const { status, stderr } = await server.miot(['keys', 'rotate', '--now', '--json'], { env })
      assert.equal(status, 0, stderr)
      assert.match(stderr, /MIOT_SIGNER_COMMAND: false ended with status 1/)
      assert.match(
        stderr,
        /The signer still has the key of reference [0-9a-f-]+, which is not used/,
      )
      await eventually(async () => assert.equal((await login(server)).status, 200))
    } finally {
      await server.stop()
    }
  })
})

describe('two instances on PostgreSQL', { timeout: 180_000 }, () => {
  let postgres: TestPostgres
  let servers: RunningServer[] = []
  let settings: Record<string, string>
  before(async () => {
    postgres = await startPostgres()
    settings = {
      MIOT_DATABASE_URL: await postgres.createDatabase(),
      MIOT_ENCRYPTION_KEY: 'ab'.repeat(32),
      MIOT_JWKS_MAX_AGE: '1',
      MIOT_ISSUER: ISSUER,
    }
    servers = [await startServer(settings), await startServer(settings)]
  })
  after(async () => {
    for (const server of servers) await server.stop()
    await postgres.stop()
  })

  async function restartWith(more: Record<string, string>): Promise<void> {
    const [old] = servers as [RunningServer]
    const { credentials } = old
    for (const server of servers) await server.stop()
    servers = []
    for (let count = 0; count < 2; count++) {
      const server = await startServer({ ...settings, ...more })
      servers.push({ ...server, credentials })
    }
  }
  async function rotate(): Promise<void> {
    const [first] = servers as [RunningServer]
    await eventually(async () => {
      const { status, stderr } = await first.miot(['keys', 'rotate', '--json'])
      assert.equal(status, 0, stderr)
    })
  }

  it('go to the signer and back, while a token of each key verifies', async () => {
    const [first] = servers as [RunningServer]
    const tokens = [await token(first)]
    const { command, keys } = signerIn('second')
    await restartWith({ MIOT_SIGNER_COMMAND: command })
    await rotate()
    const states = async (): Promise<string[]> =>
      standing(await keysOf(servers[0] as RunningServer))
    await eventually(async () => {
      const found = await states()
      assert.ok(found.includes('active signer') && found.includes('retired store'), `${found}`)
    })
    for (const server of servers) tokens.push(await token(server))
    await restartWith({ MIOT_SIGNER_COMMAND: command, MIOT_SIGNING_KEYS: 'store' })
    await rotate()
    await eventually(async () => {
      const found = await states()
      assert.ok(found.includes('active store') && found.includes('retired signer'), `${found}`)
      assert.ok(!found.includes('next signer'), `${found}`)
    })
    assert.equal(held(keys), 1)
    await restartWith({})
    for (const server of servers) {
      const [one] = servers as [RunningServer]
      const jwks = createRemoteJWKSet(new URL(`${one.url}/.well-known/jwks.json`))
      for (const jwt of [...tokens, await token(server)]) {
        await jwtVerify(jwt, jwks, { issuer: ISSUER })
      }
    }
  })
})
