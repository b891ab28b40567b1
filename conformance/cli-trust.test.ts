/**
 * Where `miot` sends secrets and tokens: only to their own server, over TLS or on this machine.
 *
 * `miot` does not treat `0.0.0.0` as a loopback address, and Linux connects it to this machine: the
 * listener here sees any secret that would leave in plaintext.
 */

import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, beforeEach, describe, it } from 'node:test'
import { runMiot } from './support/running-server.ts'

const SECRET = 'miot_dev_a-secret-that-stays-here'
const ENV_SECRET = 'miot_dev_a-secret-of-the-environment'

let stranger: Server
let port: number
let dataDir: string
let quickstart: string
/** The head and the body of each request that the listener received. */
let received: string[] = []
/** The response of the listener; a token by default. */
let redirectTo: string | null = null

before(async () => {
  stranger = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    received.push(`${request.url} ${JSON.stringify(request.headers)} ${body}`)
    if (redirectTo !== null) return response.writeHead(307, { location: redirectTo }).end()
    response.setHeader('content-type', 'application/json')
    const token = { access_token: 'stranger', token_type: 'Bearer', expires_in: 3600 }
    response.end(JSON.stringify(token))
  }).listen(0, '0.0.0.0')
  await new Promise((resolve) => stranger.once('listening', resolve))
  port = (stranger.address() as AddressInfo).port
})
after(() => stranger.close())

beforeEach(() => {
  received = []
  redirectTo = null
  if (dataDir !== undefined) rmSync(dataDir, { recursive: true, force: true })
  dataDir = mkdtempSync(join(tmpdir(), 'miot-trust-'))
  quickstart = join(dataDir, 'quickstart.env')
  writeQuickstart('http://localhost:1')
})
after(() => rmSync(dataDir, { recursive: true, force: true }))

function writeQuickstart(url: string): void {
  const text = `MIOT_TOKEN_URL='${url}/api/v1/login'
MIOT_API_URL='${url}'
MIOT_CLIENT_ID='client_quickstart'
MIOT_CLIENT_SECRET='${SECRET}'
MIOT_AUDIENCE='https://api.example'
`
  writeFileSync(quickstart, text, { mode: 0o600 })
}

const OWN = { MIOT_CLIENT_ID: 'client_own', MIOT_CLIENT_SECRET: ENV_SECRET }

function miot(args: readonly string[], env: Record<string, string> = {}) {
  return runMiot([...args, '--json'], { env: { MIOT_DATA_DIR: dataDir, ...env } })
}

const elsewhere = (path = '') => `http://0.0.0.0:${port}${path}`
const here = (path = '') => `http://localhost:${port}${path}`

describe('plaintext to another machine', () => {
  const WAYS: Record<string, () => { args: string[]; env?: Record<string, string> }> = {
    'miot --url': () => ({ args: ['--url', elsewhere(), 'clients', 'list'], env: OWN }),
    'token get --token-url': () => ({
      args: ['token', 'get', '--token-url', elsewhere('/api/v1/login')],
      env: OWN,
    }),
    'token get with MIOT_TOKEN_URL': () => ({
      args: ['token', 'get'],
      env: { ...OWN, MIOT_TOKEN_URL: elsewhere('/api/v1/login') },
    }),
    'token get with the URL in quickstart.env': () => {
      writeQuickstart(elsewhere())
      return { args: ['token', 'get'] }
    },
    'token revoke --token-url': () => ({
      args: ['token', 'revoke', 'a.b.c', '--token-url', elsewhere('/api/v1/login')],
      env: OWN,
    }),
    'token revoke with MIOT_TOKEN_URL': () => ({
      args: ['token', 'revoke', 'a.b.c'],
      env: { ...OWN, MIOT_TOKEN_URL: elsewhere('/api/v1/login') },
    }),
    'token verify --issuer': () => ({
      args: ['token', 'verify', `${btoa('{"alg":"RS256"}')}.e30.e30`, '--issuer', elsewhere()],
    }),
    'track send --api-url': () => ({
      args: ['track', 'send', '--asset-id', 'a', '--api-url', elsewhere()],
      env: { ...OWN, MIOT_TOKEN_URL: here('/token') },
    }),
    'track send with MIOT_API_URL': () => ({
      args: ['track', 'send', '--asset-id', 'a'],
      env: { ...OWN, MIOT_TOKEN_URL: here('/token'), MIOT_API_URL: elsewhere() },
    }),
    'track simulate with MIOT_TOKEN_URL': () => ({
      args: ['track', 'simulate', '--for', '1s'],
      env: { ...OWN, MIOT_TOKEN_URL: elsewhere('/token') },
    }),
    'track simulate --api-url': () => ({
      args: ['track', 'simulate', '--for', '1s', '--api-url', elsewhere()],
      env: { ...OWN, MIOT_TOKEN_URL: here('/token') },
    }),
    'track simulate with MIOT_API_URL': () => ({
      args: ['track', 'simulate', '--for', '1s'],
      env: { ...OWN, MIOT_TOKEN_URL: here('/token'), MIOT_API_URL: elsewhere() },
    }),
    'assets list with MIOT_API_URL': () => ({
      args: ['assets', 'list'],
      env: { ...OWN, MIOT_TOKEN_URL: here('/token'), MIOT_API_URL: elsewhere() },
    }),
    'assets tail --token-url': () => ({
      args: ['assets', 'tail', '--token-url', elsewhere('/token')],
      env: OWN,
    }),
  }
  for (const [name, way] of Object.entries(WAYS)) {
    it(`is refused before anything is sent: ${name}`, async () => {
      const { args, env } = way()
      const { status, stderr } = await miot(args, env)
      assert.deepEqual(received, [])
      assert.equal(status, 2, stderr)
      assert.match(stderr, /must be https: .*; set up TLS on that server.*, or run miot there/)
    })
  }

  it('fails the login check of doctor, and nothing is sent', async () => {
    const env = { ...OWN, MIOT_TOKEN_URL: elsewhere('/token') }
    const { stdout } = await miot(['doctor'], env)
    const findings = JSON.parse(stdout).findings as { check: string; detail: string }[]
    const login = findings.find(({ check }) => check === 'login')
    assert.match(login?.detail ?? '', /must be https/)
    assert.deepEqual(received, [])
  })
})

describe('the credentials of quickstart.env', () => {
  const TO_OTHERS: Record<string, () => { args: string[]; env?: Record<string, string> }> = {
    'with --url': () => ({ args: ['--url', here(), 'clients', 'list'] }),
    'with --token-url': () => ({ args: ['token', 'get', '--token-url', here('/token')] }),
    'with MIOT_TOKEN_URL': () => ({
      args: ['token', 'get'],
      env: { MIOT_TOKEN_URL: here('/token') },
    }),
    'for their own client id': () => ({
      args: ['token', 'get', '--client-id', 'client_quickstart', '--token-url', here('/token')],
    }),
    'to revoke a token': () => ({
      args: ['token', 'revoke', 'a.b.c', '--token-url', here('/token')],
    }),
    'as a token for another API': () => {
      writeQuickstart(here())
      return { args: ['track', 'send', '--asset-id', 'a', '--api-url', `http://127.0.0.1:${port}`] }
    },
  }
  for (const [name, way] of Object.entries(TO_OTHERS)) {
    it(`go to no other server: ${name}`, async () => {
      const { args, env } = way()
      const { status, stderr } = await miot(args, env)
      assert.deepEqual(received, [])
      assert.equal(status, 2, stderr)
      assert.match(stderr, /MIOT_CLIENT_ID/)
    })
  }

  it('go to the server they were written for', async () => {
    writeQuickstart(here())
    const { status, stderr } = await miot(['token', 'get'])
    assert.equal(status, 0, stderr)
    assert.match(received.join(), /a-secret-that-stays-here/)
  })

  it('are not read from a file that others can read, or through a link', async () => {
    writeQuickstart(here())
    chmodSync(quickstart, 0o644)
    const open = await miot(['token', 'get'])
    assert.deepEqual([received, open.status], [[], 2], open.stderr)
    assert.match(open.stderr, /chmod 600/)
    chmodSync(quickstart, 0o600)
    const target = join(dataDir, 'planted')
    writeFileSync(target, `MIOT_TOKEN_URL=${here('/token')}\n`, { mode: 0o600 })
    rmSync(quickstart)
    symlinkSync(target, quickstart)
    const linked = await miot(['token', 'get'], { ...OWN, MIOT_AUDIENCE: 'https://api.example' })
    assert.deepEqual([received, linked.status], [[], 2], linked.stderr)
  })
})

describe('credentials of the environment', () => {
  it('go to the server of --url, as the command line decides', async () => {
    await miot(['--url', here(), 'clients', 'list'], OWN)
    assert.match(received[0] ?? '', /a-secret-of-the-environment/)
  })

  it('do not need quickstart.env, so that another user’s file there does no harm', async () => {
    chmodSync(quickstart, 0o666)
    const env = { ...OWN, MIOT_TOKEN_URL: here('/token'), MIOT_AUDIENCE: 'https://api.example' }
    const { status, stderr } = await miot(['token', 'get'], env)
    assert.equal(status, 0, stderr)
    const sent = ['track', 'send', '--asset-id', 'a', '--api-url', here()]
    await miot(sent, env)
    await miot(['--url', here(), 'clients', 'list'], OWN)
    assert.deepEqual(
      received.map((request) => request.split(' ')[0]),
      ['/token', '/token', '/v1/asset/track', '/oauth2/token', '/admin/v1/clients?limit=500'],
    )
  })
})

describe('a proxy of the environment', () => {
  const env = { ...OWN, MIOT_AUDIENCE: 'https://api.example' }
  for (const [how, on] of Object.entries({
    NODE_USE_ENV_PROXY: { NODE_USE_ENV_PROXY: '1' },
    NODE_OPTIONS: { NODE_OPTIONS: '--use-env-proxy' },
  })) {
    it(`gets no plaintext for this machine: ${how}`, async () => {
      const proxied = { ...env, ...on, HTTP_PROXY: here(), http_proxy: here() }
      const { status, stderr } = await miot(
        ['token', 'get', '--token-url', here('/token')],
        proxied,
      )
      assert.equal(status, 0, stderr)
      assert.match(received.join(), /^\/token /)
    })
  }
})

describe('an unavailable API', () => {
  it('is reported after the summary of track simulate', async () => {
    const args = ['track', 'simulate', '--api-url', 'http://localhost:1', '--for', '1s']
    const env = { ...OWN, MIOT_TOKEN_URL: here('/token'), MIOT_AUDIENCE: 'https://api.example' }
    const { status, stdout, stderr } = await miot(args, env)
    const { accepted, errors } = JSON.parse(stdout)
    assert.deepEqual([status, accepted, errors > 0], [5, 0, true], stderr)
    assert.equal(JSON.parse(stderr).error.code, 'network')
  })
})

describe('a redirect', () => {
  it('receives neither the secret nor the token', async () => {
    redirectTo = `http://127.0.0.1:${port}/elsewhere`
    const env = { ...OWN, MIOT_TOKEN_URL: here('/token'), MIOT_AUDIENCE: 'https://api.example' }
    for (const args of [
      ['--url', here(), 'clients', 'list'],
      ['token', 'get'],
      ['token', 'revoke', 'a.b.c'],
      ['track', 'send', '--asset-id', 'a', '--api-url', here()],
    ]) {
      received = []
      const { status } = await miot(args, env)
      assert.notEqual(status, 0)
      assert.equal(received.length, 1, args.join(' '))
      assert.ok(!received[0]?.startsWith('/elsewhere'))
    }
  })

  it('does not count as a ready server for doctor', async () => {
    redirectTo = `http://127.0.0.1:${port}/elsewhere`
    const { stdout } = await miot(['doctor'], { MIOT_ISSUER: here() })
    const findings = JSON.parse(stdout).findings as { check: string; detail: string }[]
    const server = findings.find(({ check }) => check === 'server')
    assert.match(server?.detail ?? '', /returned 307/)
    assert.ok(!received.some((request) => request.startsWith('/elsewhere')), received.join())
  })
})
