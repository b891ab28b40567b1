import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { TokenSource } from '@modulariot/oauth/client'
import { freePort } from '@modulariot/platform/testing/free-port'
import { type AssetTrackingData, createClient } from '@modulariot/sdk'
import {
  type Credentials,
  type RunningServer,
  startServer,
} from '../conformance/support/running-server.ts'
import { createClient as createAuthClient } from '../conformance/support/token-requests.ts'

let server: RunningServer
const children = new Set<ChildProcess>()

before(async () => {
  server = await startServer()
})
after(async () => {
  for (const child of children) child.kill('SIGKILL')
  await server?.stop()
})

/** Runs an example with the settings of the quick start. */
function run(name: string, settings: Record<string, string> = {}): ChildProcess {
  const child = spawn(process.execPath, [fileURLToPath(new URL(name, import.meta.url))], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env.PATH,
      PORT: '0',
      MIOT_ISSUER: server.url,
      MIOT_TOKEN_URL: `${server.url}/api/v1/login`,
      MIOT_API_URL: server.url,
      MIOT_CLIENT_ID: server.credentials.client_id,
      MIOT_CLIENT_SECRET: server.credentials.client_secret,
      MIOT_AUDIENCE: server.credentials.audience,
      ...settings,
    },
  })
  children.add(child)
  child.once('exit', () => children.delete(child))
  return child
}

/** The first line a program prints. */
async function firstLine(child: ChildProcess): Promise<string> {
  let complaint = ''
  child.stderr?.on('data', (text) => {
    complaint += text
  })
  for await (const line of createInterface({ input: child.stdout as NodeJS.ReadableStream })) {
    return line
  }
  return assert.fail(`it exited without output: ${complaint}`)
}

function tokens(scope?: string): TokenSource {
  return new TokenSource({ ...tokenOptions(), ...(scope !== undefined && { scope }) })
}

function tokenOptions() {
  const { client_id, client_secret, audience } = server.credentials
  return { token_endpoint: `${server.url}/api/v1/login`, client_id, client_secret, audience }
}

/**
 * The response of an API to a request with this header: the parts defined by RFC 6750 and RFC 9728.
 */
async function send(url: string, authorization?: string) {
  const response = await fetch(url, authorization ? { headers: { authorization } } : {})
  return {
    status: response.status,
    challenge: response.headers.get('www-authenticate'),
    cacheControl: response.headers.get('cache-control'),
    body: await response.json(),
  }
}

/** A request from this address of the machine. */
function requestFrom(
  localAddress: string,
  url: string,
  headers: Record<string, string>,
  body?: string,
): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const { port, pathname: path } = new URL(url)
    const method = body === undefined ? 'GET' : 'POST'
    const options = { host: '127.0.0.1', port, path, method, localAddress, headers }
    const sent = request(options, async (response) => {
      const text = Buffer.concat(await response.toArray()).toString()
      resolve({ status: response.statusCode ?? 0, text })
    })
    sent.on('error', reject)
    sent.end(body)
  })
}

async function accessTokenFrom(localAddress: string, client: Credentials): Promise<string> {
  const headers = { 'content-type': 'application/x-www-form-urlencoded' }
  const form = new URLSearchParams({ ...client }).toString()
  const { text } = await requestFrom(localAddress, `${server.url}/oauth2/token`, headers, form)
  return JSON.parse(text).access_token
}

describe('an API of your own', () => {
  for (const name of ['node-http.ts', 'express.ts', 'fastify.ts', 'hono.ts']) {
    it(`on ${name} accepts valid tokens, and names the reason of a refusal`, async () => {
      const child = run(name)
      const url = /http:\S+/.exec(await firstLine(child))?.[0] as string
      const { client_id, audience } = server.credentials
      // 1. No token: the challenge names where to get one, and nothing more.
      const bare = await send(url)
      const path = '/.well-known/oauth-protected-resource/v1/asset/track'
      const metadata = `resource_metadata="${new URL(audience).origin}${path}"`
      assert.deepEqual(bare, {
        status: 401,
        challenge: `Bearer ${metadata}`,
        cacheControl: 'no-store',
        body: {},
      })
      const document = await fetch(new URL(path, url))
      assert.deepEqual(await document.json(), {
        resource: audience,
        authorization_servers: [server.url],
        scopes_supported: ['asset:track:write'],
        bearer_methods_supported: ['header'],
      })
      // 2. A valid token.
      const writer = await tokens().token()
      const good = await send(url, `Bearer ${writer}`)
      assert.deepEqual([good.status, good.body], [200, { hello: client_id }])
      // 3. A forged one.
      const forged = await send(url, `Bearer ${writer.slice(0, -8)}AAAAAAAA`)
      const error_description = 'The access token is not valid here'
      assert.deepEqual(forged, {
        status: 401,
        challenge: `Bearer error="invalid_token", error_description="${error_description}", ${metadata}`,
        cacheControl: 'no-store',
        body: { error: 'invalid_token', error_description },
      })
      // 4. A token for another purpose.
      const reader = await send(url, `Bearer ${await tokens('asset:track:read').token()}`)
      assert.equal(reader.status, 403)
      assert.match(
        reader.challenge ?? '',
        /^Bearer error="insufficient_scope".*, scope="asset:track:write", resource_metadata=/,
      )
      child.kill()
      await once(child, 'exit')
    })

    it(`on ${name} accepts a client from its allowed addresses only`, async () => {
      const client = await createAuthClient(server, '--allow', '127.0.0.2/32', '2001:db8::/32')
      const token = await accessTokenFrom('127.0.0.2', client)
      const child = run(name)
      const url = /http:\S+/.exec(await firstLine(child))?.[0] as string
      const authorization = `Bearer ${token}`
      assert.equal((await requestFrom('127.0.0.2', url, { authorization })).status, 200)
      const refused = await requestFrom('127.0.0.1', url, { authorization })
      assert.deepEqual([refused.status, JSON.parse(refused.text).error], [403, 'access_denied'])
      child.kill()
      await once(child, 'exit')
    })

    it(`on ${name} follows revocations`, async () => {
      const feed = await createAuthClient(server, '--audience', `${server.url}/oauth2/revocations`)
      const follower = {
        MIOT_FOLLOWER_ID: feed.client_id,
        MIOT_FOLLOWER_SECRET: feed.client_secret,
      }
      const child = run(name, follower)
      const url = /http:\S+/.exec(await firstLine(child))?.[0] as string
      const token = await tokens().token()
      assert.equal((await send(url, `Bearer ${token}`)).status, 200)
      assert.equal((await server.miot(['token', 'revoke', token])).status, 0)
      await until(async () => (await send(url, `Bearer ${token}`)).status === 401)
      child.kill()
      await once(child, 'exit')
    })

    it(`on ${name} returns 503 while the keys are unavailable`, async () => {
      const child = run(name, { MIOT_ISSUER: `http://localhost:${await freePort()}` })
      const url = /http:\S+/.exec(await firstLine(child))?.[0] as string
      const token = await tokens().token()
      const response = await fetch(url, { headers: { authorization: `Bearer ${token}` } })
      assert.equal(response.status, 503)
      assert.equal(response.headers.get('retry-after'), '5')
      assert.equal(response.headers.get('www-authenticate'), null)
      child.kill()
      await once(child, 'exit')
    })
  }
})

describe('a device', () => {
  it('sends one report', async () => {
    assert.match(await firstLine(run('track.ts')), /^stored as [0-9a-f-]{36}$/)
  })

  it('loses no reading when the server is down and the device is killed', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'miot-device-'))
    const settings = { ASSET_ID: 'DEVICE-1', INTERVAL_MS: '20', SPOOL_DIR: directory }
    try {
      await server.kill('SIGTERM')
      const first = run('device.ts', settings)
      assert.equal(await firstLine(first), '0 readings left from the last run')
      await until(() => readingsIn(directory).length >= 20)
      first.kill('SIGKILL')
      await once(first, 'exit')
      const readings = readingsIn(directory)

      await server.restart()
      const second = run('device.ts', { ...settings, INTERVAL_MS: '1000000' })
      assert.match(
        await firstLine(second),
        new RegExp(`^${readings.length} readings left from the last run$`),
      )
      const reader = tokens('asset:track:read')
      const last = readings.at(-1)?.timestamp
      await until(async () => (await newestReport('DEVICE-1', reader))?.timestamp === last)
      // A stored report is a replay when it is sent again.
      const miot = createClient({ ...tokenOptions(), apiUrl: server.url })
      const again = await Promise.all(readings.map((reading) => miot.assets.track(reading)))
      assert.ok(again.every(({ replayed }) => replayed))
      second.kill('SIGTERM')
      const [, signal] = await once(second, 'exit')
      assert.equal(signal, 'SIGTERM')
    } finally {
      rmSync(directory, { recursive: true, force: true })
    }
  })
})

/** The complete lines of the spool. */
function readingsIn(directory: string): AssetTrackingData[] {
  return readdirSync(directory)
    .filter((name) => name.endsWith('.log'))
    .flatMap((name) => readFileSync(join(directory, name), 'utf8').split('\n').slice(0, -1))
    .map((line) => JSON.parse(line.slice(line.indexOf('{'))))
}

async function newestReport(
  asset_id: string,
  reader: TokenSource,
): Promise<{ timestamp: string } | undefined> {
  const headers = { authorization: `Bearer ${await reader.token()}` }
  const response = await fetch(`${server.url}/v1/assets/${asset_id}`, { headers })
  if (response.status === 404) return undefined
  return ((await response.json()) as { latest: { timestamp: string } }).latest
}

/** The progress of another process is visible only in its files, without an event. */
async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await sleep(20)
}
