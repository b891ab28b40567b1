/**
 * What every example does, whatever it is written in: run as a program of its own against a real
 * server, through a proxy that fails.
 */

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { it } from 'node:test'
import { environmentWithoutSettings } from '../../conformance/support/environment.ts'
import type { RunningServer } from '../../conformance/support/running-server.ts'
import { type Fault, type Faults, type SeenRequest, startFaultyProxy } from './faulty-proxy.ts'

export interface Program {
  readonly command: readonly [string, ...string[]]
  readonly cwd: string
}

export interface Subject {
  readonly name: string
  readonly server: () => RunningServer
  readonly program: () => Program
  readonly isWithoutTls: boolean
}

interface Run {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
  readonly requests: readonly SeenRequest[]
}

/** On a machine with other work to do. */
const RUN_TIMEOUT_MS = 90_000
const MAX_TRIES = 5
const BUSY: Fault = { status: 503, retryAfter: '0' }

/** Tests for the `describe` it is called in. */
export function describeClient({ name, server, program, isWithoutTls }: Subject): void {
  let runs = 0

  async function run(faults: Faults, settings: Record<string, string> = {}) {
    const asset_id = `${name}-${++runs}`
    const proxy = await startFaultyProxy(server().url, faults)
    try {
      const ended = await runProgram(program(), {
        MIOT_TOKEN_URL: `${proxy.url}/api/v1/login`,
        MIOT_API_URL: proxy.url,
        MIOT_CLIENT_ID: server().credentials.client_id,
        MIOT_CLIENT_SECRET: server().credentials.client_secret,
        MIOT_AUDIENCE: server().credentials.audience,
        ASSET_ID: asset_id,
        ...settings,
      })
      assertNothingSecretIn(ended.stdout + ended.stderr, proxy.requests)
      return { ...ended, asset_id, requests: proxy.requests }
    } finally {
      await proxy.close()
    }
  }

  function assertNothingSecretIn(printed: string, requests: readonly SeenRequest[]): void {
    assert.ok(!printed.includes(server().credentials.client_secret), 'the secret is printed')
    for (const { endpoint, answer } of requests) {
      if (endpoint !== 'login' || answer?.status !== 200) continue
      const { access_token } = JSON.parse(answer.text)
      assert.ok(!printed.includes(access_token), 'a token is printed')
    }
  }

  it('logs in once, and its reports are kept once', async () => {
    const done = await run({})
    assertSucceeded(done)
    assert.deepEqual(endpointsOf(done), ['login', 'report', 'batch'])
    await assertKeptOnce(server(), done.asset_id)
  })

  it('repeats what fails, under the same ids, and nothing doubles', async () => {
    const done = await run({
      login: [BUSY],
      report: [{ status: 401 }, { status: 503, retryAfter: '1' }, 'lose the answer'],
      batch: [{ status: 429, retryAfter: '1' }, 'cut the answer'],
    })
    assertSucceeded(done)
    const reports = ['report', 'login', 'report', 'report', 'report']
    const expected = ['login', 'login', ...reports, 'batch', 'batch', 'batch']
    assert.deepEqual(endpointsOf(done), expected)
    for (const endpoint of ['report', 'batch'] as const) {
      const sent = done.requests.filter((request) => request.endpoint === endpoint)
      assert.equal(new Set(sent.map(({ headers }) => headers['x-request-id'])).size, 1)
      assert.equal(new Set(sent.map(({ body }) => body)).size, 1)
      assertWaitedASecond(sent.at(-3), sent.at(-2))
      assert.equal(sent.at(-1)?.answer?.replay, endpoint === 'report')
    }
    const items = JSON.parse(done.requests.at(-1)?.body ?? '') as { idempotency_key: string }[]
    assert.equal(new Set(items.map(({ idempotency_key }) => idempotency_key)).size, 3)
    const { counts } = JSON.parse(done.requests.at(-1)?.answer?.text ?? '')
    assert.deepEqual(counts, { items: 3, stored: 0, replayed: 2, refused: 1 })
    await assertKeptOnce(server(), done.asset_id)
  })

  it('takes no token that ends within a minute', async () => {
    const done = await run({ expiresIn: 59 })
    assertSucceeded(done)
    assert.deepEqual(endpointsOf(done), ['login', 'report', 'login', 'batch'])
  })

  for (const status of [400, 403, 409]) {
    it(`shows a ${status}, and does not repeat it`, async () => {
      assertFailed(await run({ report: [{ status }] }), status, ['login', 'report'])
    })
  }

  it('shows a second 401', async () => {
    const failed = await run({ report: [{ status: 401 }, { status: 401 }] })
    assertFailed(failed, 401, ['login', 'report', 'login', 'report'])
  })

  it('gives up in the end', async () => {
    const failed = await run({ report: Array(2 * MAX_TRIES).fill(BUSY) })
    assertFailed(failed, 503, ['login', ...Array(MAX_TRIES).fill('report')])
  })

  // Both start as an address of this machine does.
  const elsewhere = {
    MIOT_TOKEN_URL: 'http://localhost.example',
    MIOT_API_URL: 'http://localhost:80@miot.example',
  }
  for (const [name, url] of Object.entries(elsewhere)) {
    it(`sends nothing where ${name} is plain http: to another machine`, async () => {
      const failed = await run({}, { [name]: url })
      assert.notEqual(failed.status, 0)
      assert.match(failed.stderr, new RegExp(name))
      assert.deepEqual(endpointsOf(failed), [])
    })
  }

  const skip = isWithoutTls && 'a stand-in without TLS'
  it('sends nothing to a server whose certificate it does not trust', { skip }, async () => {
    const failed = await run({ hasUntrustedCertificate: true })
    assert.equal(failed.status, 1)
    assert.match(failed.stderr, /cert|SSL|TLS|PKIX|network|000/i)
    assert.deepEqual(endpointsOf(failed), [])
  })

  it('names a setting that is missing', async () => {
    const failed = await run({}, { MIOT_AUDIENCE: '' })
    assert.notEqual(failed.status, 0)
    assert.match(failed.stderr, /MIOT_AUDIENCE/)
    assert.deepEqual(endpointsOf(failed), [])
  })
}

async function runProgram({ command, cwd }: Program, settings: Record<string, string>) {
  const [file, ...args] = command
  const child = spawn(file, args, {
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...environmentWithoutSettings(), NO_PROXY: 'localhost', ...settings },
    timeout: RUN_TIMEOUT_MS,
    killSignal: 'SIGKILL',
  })
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (text) => {
    stdout += text
  })
  child.stderr.on('data', (text) => {
    stderr += text
  })
  const [status] = (await once(child, 'close')) as [number | null]
  return { status, stdout, stderr }
}

function endpointsOf({ requests }: Run) {
  return requests.map(({ endpoint }) => endpoint)
}

function assertSucceeded({ status, stdout, stderr }: Run): void {
  assert.equal(status, 0, `${stderr}${stdout}`)
  const [report, batch, item, ...more] = stdout.trimEnd().split(/\r?\n/)
  assert.deepEqual([report, batch, more], ['report kept', 'batch: 2 of 3 kept', []])
  assert.match(item ?? '', /^item 2 refused: 400 .*gps\.latitude/)
}

function assertFailed(run: Run, status: number, endpoints: readonly string[]): void {
  assert.deepEqual(endpointsOf(run), endpoints, run.stderr)
  assert.equal(run.status, 1, run.stderr)
  assert.match(run.stderr, new RegExp(`\\b${status}\\b.*From the proxy`))
  assert.equal(run.stdout, '')
}

function assertWaitedASecond(before?: SeenRequest, after?: SeenRequest): void {
  const waited = (after?.arrivedMs ?? 0) - (before?.arrivedMs ?? 0)
  assert.ok(waited >= 995, `waited ${waited} ms`)
}

/** One report and the two good items of the batch, each a row of its own however often it came. */
async function assertKeptOnce({ url, credentials }: RunningServer, asset_id: string) {
  const login = await fetch(`${url}/api/v1/login`, {
    method: 'POST',
    body: new URLSearchParams({ ...credentials }),
  })
  const { access_token } = (await login.json()) as { access_token: string }
  const response = await fetch(`${url}/v1/assets/${asset_id}/positions`, {
    headers: { authorization: `Bearer ${access_token}` },
  })
  const text = await response.text()
  assert.equal(response.status, 200, text)
  const latitudes = [...text.matchAll(/"latitude":(-[\d.]+)/g)].map((match) => Number(match[1]))
  assert.deepEqual(latitudes.toSorted(), [-33.45, -33.46, -33.47])
}
