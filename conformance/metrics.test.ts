/** The metrics of a running server, as Prometheus would fetch them. */

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { statSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { freePort } from '@modulariot/platform/testing/free-port'
import { type RunningServer, startServer } from './support/running-server.ts'
import { scrape } from './support/scrape.ts'

const noPromtool =
  spawnSync('promtool', ['--version']).error !== undefined &&
  'promtool is missing (apt-get install prometheus)'

let server: RunningServer
let metricsPort: number

before(async () => {
  metricsPort = await freePort()
  server = await startServer({ MIOT_METRICS_PORT: String(metricsPort) })
})
after(() => server.stop())

/** The increase of each series while `work` runs. */
async function growth(work: () => Promise<unknown>): Promise<(series: string) => number> {
  const before = await scrape(metricsPort)
  await work()
  const after = await scrape(metricsPort)
  return (series) => (after.get(series) ?? 0) - (before.get(series) ?? 0)
}

async function login(changes: Record<string, string> = {}): Promise<Response> {
  return fetch(`${server.url}/oauth2/token`, {
    method: 'POST',
    body: new URLSearchParams({ ...server.credentials, ...changes }),
  })
}

async function track(token: string, request_id: string, body: unknown): Promise<Response> {
  return fetch(`${server.url}/v1/asset/track`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      'x-request-id': request_id,
      'x-request-timestamp': String(Math.floor(Date.now() / 1000)),
    },
    body: JSON.stringify(body),
  })
}

async function accessToken(): Promise<string> {
  return ((await (await login()).json()) as { access_token: string }).access_token
}

const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0)

describe('GET /metrics', () => {
  it('counts tokens by algorithm, refusals by reason, and the directory’s hits and misses', async () => {
    const grew = await growth(async () => {
      await login()
      await login()
      await login({ client_secret: `${server.credentials.client_secret}x` })
      await login({ audience: 'https://elsewhere.example' })
    })
    assert.equal(grew('miot_auth_tokens_issued_total{alg="RS256"}'), 2)
    assert.equal(grew('miot_auth_refusals_total{reason="malformed_secret"}'), 1)
    assert.equal(grew('miot_auth_refusals_total{reason="audience_not_granted"}'), 1)
    assert.equal(grew('miot_auth_directory_lookups_total{outcome="miss"}'), 1)
    assert.equal(grew('miot_auth_directory_lookups_total{outcome="hit"}'), 2)
  })

  it('counts asset/track requests by outcome, and the batches', async () => {
    const token = await accessToken()
    const body = { asset_id: 'TRUCK-1', timestamp: new Date().toISOString() }
    const grew = await growth(async () => {
      assert.equal((await track(token, 'one', body)).status, 200)
      assert.equal((await track(token, 'one', body)).status, 200)
      assert.equal((await track(token, 'one', { ...body, type: 'Other' })).status, 409)
      assert.equal((await track(token, 'two', {})).status, 400)
      assert.equal((await track('wrong', 'three', body)).status, 401)
    })
    for (const outcome of ['stored', 'replayed', 'conflict', 'refused']) {
      assert.equal(grew(`miot_api_track_requests_total{outcome="${outcome}"}`), 1, outcome)
    }
    assert.equal(grew('miot_api_track_requests_total{outcome="failed"}'), 0)
    assert.equal(grew('miot_api_refusals_total{reason="malformed_token"}'), 1)
    assert.equal(grew('miot_api_commit_batch_size_count'), 3)
    assert.equal((await scrape(metricsPort)).get('miot_api_commit_queue_depth'), 0)
  })

  it('counts requests by application, route, method and status, and times them', async () => {
    const grew = await growth(() => login())
    const route = 'application="auth",route="/oauth2/token",method="POST"'
    assert.equal(grew(`miot_http_requests_total{${route},status="200"}`), 1)
    assert.equal(grew(`miot_http_request_duration_seconds_count{${route}}`), 1)
  })

  it('names the build, and tells the disk, the databases and the keys', async () => {
    const series = await scrape(metricsPort)
    const value = (name: string): number => series.get(name) ?? Number.NaN
    const build = [...series.keys()].find((name) => name.startsWith('miot_build_info'))
    const about = /^miot_build_info\{version="\d+\.\d+\.\d+",commit="\w+",node="v\d+\.\d+\.\d+"\}$/
    assert.match(build ?? '', about)
    assert.ok(value('miot_disk_available_bytes{directory="data"}') > 0)
    const size = value('miot_disk_size_bytes{directory="data"}')
    assert.ok(size >= value('miot_disk_available_bytes{directory="data"}'))
    for (const store of ['auth', 'telemetry']) {
      const bytes = value(`miot_database_size_bytes{store="${store}"}`)
      const files = ['', '-wal'].map((end) => join(server.dataDir, `${store}.db${end}`))
      assert.ok(bytes > 0 && bytes <= 2 * sum(files.map((path) => statSync(path).size)), store)
    }
    const age = value('miot_auth_key_age_seconds{alg="RS256"}')
    assert.ok(age > 0 && age < 600, String(age))
    const rotates = value('miot_auth_key_rotation_timestamp_seconds{alg="RS256"}')
    assert.equal(Math.round((rotates + age - Date.now() / 1000) / 86_400), 90)
    assert.equal(value('miot_auth_revocation_lag_seconds'), 0)
    assert.equal(value('miot_background_failures_total{task="auth"}'), 0)
    assert.equal(value('miot_background_failures_total{task="retention"}'), 0)
  })

  it('is what promtool expects, as far as we name it', { skip: noPromtool }, async () => {
    const input = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text()
    const { stderr, status } = spawnSync('promtool', ['check', 'metrics'], { input })
    assert.ok(status === 0 || status === 3, String(stderr))
    // Of the library, some names are older than the conventions.
    const ours = String(stderr)
      .split('\n')
      .filter((line) => line.startsWith('miot_'))
    assert.deepEqual(ours, [])
  })

  it('is not on the public port', async () => {
    assert.equal((await fetch(`${server.url}/metrics`)).status, 404)
  })
})

describe('MIOT_METRICS_PORT', () => {
  it('is named when the port is in use', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    const { port } = other.address() as { port: number }
    await assert.rejects(startServer({ MIOT_METRICS_PORT: String(port) }), (error: Error) => {
      const told = `Port ${port} on 127.0.0.1, for metrics, is in use: set MIOT_METRICS_PORT to another port, or to 0 for no metrics`
      return error.message.includes(told) && error.message.includes('ended (1)')
    })
    other.close()
  })
})
