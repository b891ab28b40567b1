/**
 * A server that answers every request with text that controls a terminal, in every member and name.
 */

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempDisposableSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'

/**
 * Clears the screen, sets the title, fills the clipboard, forges lines, turns text around, hides
 * some.
 */
const EVIL =
  'X\u001b[2J\u001b]0;title\u0007\u001b]52;c;ZXZpbA==\u0007\nFORGED\r\nFORGED\u2028FORGED\u0085FORGED' +
  '\u009b31m\u202e\u2066\u200f\u061c\u200b\u007f\ufeff\u{e0041}Y'
const RAW = /[^\n\x20-\x7e\xa0-\xac\xae-\u05ff—–×’…]/u
const AT = `2026-01-01T00:00:00.000Z${EVIL}`

const TOKEN = { access_token: 'a.b.c', token_type: 'Bearer', expires_in: 3600, scope: EVIL }
const CLIENT = {
  ...{
    client_id: EVIL,
    name: EVIL,
    org_id: EVIL,
    environment: EVIL,
    status: EVIL,
    external_id: EVIL,
  },
  ...{ tags: [EVIL], token_lifetime_seconds: EVIL, created_at: AT, version: 1, keys: [] },
  allowlist: { mode: EVIL, cidrs: [EVIL] },
  quota: { mode: EVIL, tokens_per_hour: EVIL, tokens_per_day: EVIL },
  grants: [{ audience: EVIL, scopes: [EVIL] }],
  tokens_revoked_until: null,
  resource_server_for: [EVIL],
  secrets: [{ secret_id: EVIL, label: EVIL, created_at: AT, expires_at: EVIL }],
}
const GPS = { latitude: 1, longitude: 2, speed: EVIL }
const ASSET = {
  ...{ asset_id: EVIL, type: EVIL, timestamp: AT, first_received_at: AT, last_received_at: AT },
  latest: { gps: GPS },
}
const SECRET = {
  ...{ secret_id: EVIL, label: EVIL, created_at: AT, expires_at: EVIL, client_secret: EVIL },
  used: { last_used_at: EVIL, address: EVIL },
}
const AUDIT = {
  seq: EVIL,
  at: AT,
  actor: { kind: 'operator', name: EVIL },
  action: EVIL,
  target: { id: EVIL },
}
const WASTEFUL = { client_id: EVIL, name: EVIL, tokens_per_day: EVIL, times_needed: EVIL }

/** Everything at once: each command takes what it knows. */
const ANSWER = {
  ...{
    ...CLIENT,
    ...ASSET,
    ...SECRET,
    client: CLIENT,
    clients: [CLIENT, WASTEFUL],
    entries: [AUDIT],
  },
  ...{ secrets: [SECRET], assets: [ASSET], next_cursor: null, [EVIL]: EVIL },
  metrics: [{ key: EVIL, value: { [EVIL]: EVIL }, unit: EVIL, timestamp: AT }],
  warnings: { [EVIL]: EVIL },
  results: [{ index: EVIL, code: EVIL, message: EVIL, detail: EVIL, errors: { [EVIL]: EVIL } }],
}
const REFUSAL = {
  ...{ error: EVIL, error_description: EVIL, title: EVIL, detail: EVIL, message: EVIL },
  errors: { [EVIL]: EVIL },
}

let server: Server
let url: string
let refuses = false

before(async () => {
  server = createServer(answer).listen(0, '127.0.0.1')
  await once(server, 'listening')
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
after(() => {
  server.close()
  server.closeAllConnections()
})

function answer(request: IncomingMessage, response: ServerResponse): unknown {
  const path = request.url ?? ''
  request.resume()
  if (path === '/token' || (path === '/oauth2/token' && !refuses)) return json(response, 200, TOKEN)
  if (path === '/refused-token') return json(response, 401, REFUSAL)
  if (path.startsWith('/.well-known/')) return json(response, 200, { issuer: EVIL })
  if (refuses) return json(response, 400, REFUSAL)
  if (path.startsWith('/v1/assets/stream')) {
    const report = { ...ASSET, report: { gps: GPS } }
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    return response.end(`event: observation\nid: 1\ndata: ${JSON.stringify(report)}\n\n`)
  }
  if (path.endsWith('/bulk')) {
    return response.end(`${JSON.stringify({ status: EVIL, error: EVIL })}\n`)
  }
  return json(response, 200, ANSWER)
}

function json(response: ServerResponse, status: number, value: unknown): ServerResponse {
  return response
    .writeHead(status, { 'content-type': 'application/json' })
    .end(JSON.stringify(value))
}

function commandsFor(file: string): Record<string, string[]> {
  const admin = ['--url', url]
  const api = ['--token-url', `${url}/token`, '--api-url', url]
  const jwt = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const token = `${jwt({ alg: 'RS256', kid: EVIL, typ: 'at+jwt', [EVIL]: EVIL })}.${jwt({ [EVIL]: EVIL })}.e30`
  return {
    'token get': ['token', 'get', '--token-url', `${url}/token`],
    'token get, refused': ['token', 'get', '--token-url', `${url}/refused-token`],
    'token revoke': ['token', 'revoke', 'a.b.c', '--token-url', `${url}/token`],
    'token inspect': ['token', 'inspect', token],
    'token verify': ['token', 'verify', token, '--issuer', url],
    'track send': ['track', 'send', '--asset-id', 'a', ...api],
    'track send a file': ['track', 'send', '--file', file, ...api],
    'track simulate': ['track', 'simulate', '--assets', '1', '--rate', '2', '--for', '1s', ...api],
    'assets list': ['assets', 'list', ...api],
    'assets show': ['assets', 'show', 'a', ...api],
    'assets tail': ['assets', 'tail', '--count', '1', ...api],
    'clients create': [...admin, 'clients', 'create', '--name', 'a'],
    'clients list': [...admin, 'clients', 'list'],
    'clients list --wasteful': [...admin, 'clients', 'list', '--wasteful'],
    'clients show': [...admin, 'clients', 'show', 'a'],
    'clients update': [...admin, 'clients', 'update', 'a', '--name', 'b'],
    'clients disable': [...admin, 'clients', 'disable', 'a'],
    'clients revoke-tokens': [...admin, 'clients', 'revoke-tokens', 'a'],
    'clients import': [...admin, 'clients', 'import', file],
    'secrets list': [...admin, 'secrets', 'list', 'a'],
    'secrets add': [...admin, 'secrets', 'add', 'a'],
    'secrets rotate': [...admin, 'secrets', 'rotate', 'a', '--overlap', '0'],
    'secrets revoke': [...admin, 'secrets', 'revoke', 'a', 'b'],
    'audit list': [...admin, 'audit', 'list'],
    doctor: ['doctor'],
  }
}

interface Printed {
  readonly stdout: string[]
  readonly stderr: string[]
}

async function runAll(commands: readonly string[][], dataDir: string): Promise<Printed> {
  const fixture = fileURLToPath(new URL('./testing/run-commands.fixture.ts', import.meta.url))
  const settings = {
    ...{ MIOT_DATA_DIR: dataDir, MIOT_CLIENT_ID: 'client_a', MIOT_CLIENT_SECRET: 'secret' },
    ...{ MIOT_AUDIENCE: 'https://api.example', MIOT_TOKEN_URL: `${url}/refused-token` },
    MIOT_ISSUER: url,
  }
  const args = [commands, settings].map((value) => JSON.stringify(value))
  const child = spawn(process.execPath, [fixture, ...args])
  const printed = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text) => {
      printed[name] += text
    })
  }
  await once(child, 'close')
  const split = (text: string) => text.split(/^=== \d+\n/m)
  return { stdout: split(printed.stdout), stderr: split(printed.stderr) }
}

describe('text of a hostile server', () => {
  for (const format of ['--no-json', '--json']) {
    for (const answers of ['grants everything', 'refuses everything']) {
      it(`commands no terminal and forges no line: ${format}, a server that ${answers}`, async () => {
        refuses = answers.startsWith('refuses')
        using folder = mkdtempDisposableSync(join(tmpdir(), 'miot-hostile-'))
        const file = join(folder.path, 'reports.ndjson')
        writeFileSync(file, '{"asset_id":"a"}\n{"asset_id":"b"}\n')
        const commands = commandsFor(file)
        const lists = Object.values(commands).map((args) => [...args, format])
        const { stdout, stderr } = await runAll(lists, join(folder.path, 'data'))
        for (const [index, name] of Object.keys(commands).entries()) {
          const text = `${stdout[index]}${stderr[index]}`
          assert.equal(RAW.exec(text)?.[0], undefined, `${name}: ${JSON.stringify(text)}`)
          assert.doesNotMatch(text, /^\s*FORGED/m, name)
          assert.notEqual(text, '', name)
        }
        assert.equal(stdout.length, lists.length + 1)
        if (format === '--json') assertExact(stdout, Object.keys(commands))
      })
    }
  }
})

/** Escaped JSON parses to the same value. */
function assertExact(stdout: readonly string[], names: readonly string[]): void {
  if (refuses) return
  for (const name of [
    'clients show',
    'assets show',
    'assets tail',
    'audit list',
    'clients import',
  ]) {
    const text = stdout[names.indexOf(name)] as string
    // A result on each line.
    const value: unknown = JSON.parse(
      name === 'clients import' ? (text.split('\n', 1)[0] ?? '') : text,
    )
    assert.ok(JSON.stringify(value).includes(JSON.stringify(EVIL).slice(1, -1)), name)
  }
}
