/**
 * Shared by the tests of the packed packages: an empty project with the tarballs installed, a
 * program that uses all three, and the server it connects to.
 */

import { spawn, spawnSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { environmentWithoutSettings } from '../conformance/support/environment.ts'
import type { RunningServer } from '../conformance/support/running-server.ts'
import { buildPackages, PUBLISHED } from './build-packages.ts'

const ROOT = fileURLToPath(new URL('../', import.meta.url))

export interface StrangersProject {
  readonly directory: string
  remove(): void
}

/**
 * Packs the three packages as `npm publish` would, and installs them in an empty folder.
 *
 * Without the network: `jose` is packed from the repository's own node_modules.
 */
export function installPacked(): StrangersProject {
  const root = mkdtempSync(join(tmpdir(), 'miot-packed-'))
  process.once('exit', () => rmSync(root, { recursive: true, force: true }))
  const folders = buildPackages(join(root, 'built'))
  const tarballs = join(root, 'tarballs')
  const directory = join(root, 'project')
  for (const folder of [tarballs, directory]) mkdirSync(folder)
  const sources = [...PUBLISHED.map((name) => folders[name]), join(ROOT, 'node_modules', 'jose')]
  // A cache of its own: in a shared one, another run writes the same packages at the same time.
  const cache = ['--cache', join(root, 'npm-cache')]
  npm(['pack', ...sources, '--pack-destination', tarballs, ...cache], root)
  writeFileSync(join(directory, 'package.json'), '{"private":true,"type":"module"}')
  const files = readdirSync(tarballs).map((name) => join(tarballs, name))
  npm(['install', '--offline', '--no-audit', '--no-fund', ...cache, ...files], directory)
  writeFileSync(join(directory, 'use.mjs'), PROGRAM)
  return { directory, remove: () => rmSync(root, { recursive: true, force: true }) }
}

export function npm(args: readonly string[], cwd: string): string {
  const { status, stdout, stderr } = spawnSync('npm', args, {
    cwd,
    env: environmentWithoutSettings(),
    encoding: 'utf8',
    shell: process.platform === 'win32',
  })
  if (status !== 0) throw new Error(`npm ${args[0]} failed:\n${stderr}`)
  return stdout
}

/** The output of the program below on success. */
export const EXPECTED = {
  tracked: { replayed: false },
  faults: ['gps.latitude', 'timestamp'],
  buffered: 0,
  spooled: 2,
  shared: true,
  claims: { scope: 'asset:track:write asset:track:read' },
  refused: '401 Bearer error="invalid_token"',
}

/** A device and an API in one program, using only the exports of the packages. */
const PROGRAM = `
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileTokenStore, tokenSourceFromEnv } from '@modulariot/oauth/node'
import { createVerifier } from '@modulariot/oauth/resource-server'
import { ValidationError } from '@modulariot/sdk'
import { ModularIoT, Spool } from '@modulariot/sdk/node'
import { parseAssetTrackingData } from '@modulariot/telemetry'

const issuer = process.env.MIOT_API_URL
const audience = process.env.MIOT_AUDIENCE
const data = (n) => ({ asset_id: 'PACKED-' + n, timestamp: new Date().toISOString() })

// A device reports.
const miot = ModularIoT.fromEnv()
const { replayed } = await miot.assets.track(data(1))
const faults = await miot.assets
  .track({ ...data(2), timestamp: 'now', gps: { latitude: 91, longitude: 0 } })
  .catch((error) => (error instanceof ValidationError ? Object.keys(error.errors).sort() : error))
const buffer = miot.assets.buffer()
await buffer.push(data(3))
const buffered = await buffer.close()

// It keeps its readings while it is offline.
const directory = mkdtempSync(join(tmpdir(), 'spool-'))
const before = await Spool.open({ directory })
await before.append({ request_id: 'a', body: JSON.stringify(data(4)) })
await before.append({ request_id: 'b', body: JSON.stringify(data(5)) })
await before.close()
const after = await Spool.open({ directory })
const spooled = after.items
await after.close()
rmSync(directory, { recursive: true })

// An API verifies.
const assets = await miot.fetch(issuer + '/v1/assets')
const tokens = mkdtempSync(join(tmpdir(), 'tokens-'))
const stored = () => tokenSourceFromEnv({ store: fileTokenStore({ directory: tokens }) }).token()
const token = await stored()
const shared = (await stored()) === token
rmSync(tokens, { recursive: true })
const authorization = 'Bearer ' + token
const verifier = createVerifier({ issuer, audience })
const { scope } = await verifier.verify(authorization, { scope: 'asset:track:write' })
const refused = await verifier.verify(authorization.slice(0, -4) + 'AAAA').catch((error) => {
  const { status, headers } = verifier.challenge(error)
  return status + ' ' + headers['www-authenticate'].split(',')[0]
})

if (assets.status !== 200) throw new Error('fetch: ' + assets.status)
if (!parseAssetTrackingData(data(6), { nowMs: Date.now() }).ok) throw new Error('validation')
console.log(JSON.stringify({ tracked: { replayed }, faults, buffered, spooled, shared, claims: { scope }, refused }))
`

/** What `require` finds, by entry. */
export const REQUIRED = {
  '@modulariot/oauth': 'function',
  '@modulariot/oauth/client': 'function',
  '@modulariot/oauth/node': 'function',
  '@modulariot/oauth/protocol': 'function',
  '@modulariot/oauth/resource-server': 'function',
  '@modulariot/sdk': 'function',
  '@modulariot/sdk/admin': 'function',
  '@modulariot/sdk/node': 'function',
  '@modulariot/telemetry': 'function',
}

const REQUIRE = `
const names = {
  '@modulariot/oauth': 'TokenSource',
  '@modulariot/oauth/client': 'TokenSource',
  '@modulariot/oauth/node': 'tokenSourceFromEnv',
  '@modulariot/oauth/protocol': 'OAuthError',
  '@modulariot/oauth/resource-server': 'createVerifier',
  '@modulariot/sdk': 'createClient',
  '@modulariot/sdk/admin': 'createAdminClient',
  '@modulariot/sdk/node': 'Spool',
  '@modulariot/telemetry': 'parseAssetTrackingData',
}
const found = Object.entries(names).map(([entry, name]) => [entry, typeof require(entry)[name]])
console.log(JSON.stringify(Object.fromEntries(found)))
`

/** Requires every entry from CommonJS. */
export function requireWith(node: string, project: StrangersProject): unknown {
  writeFileSync(join(project.directory, 'require.cjs'), REQUIRE)
  const { status, stdout, stderr } = spawnSync(node, ['require.cjs'], {
    cwd: project.directory,
    env: environmentWithoutSettings(),
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(`${node} ended with ${status}:\n${stderr}`)
  return JSON.parse(stdout)
}

const PROXY = `
import { createServer, request } from 'node:http'
import { connect } from 'node:net'
const server = createServer((incoming, outgoing) => {
  console.log('request')
  const options = { method: incoming.method, headers: incoming.headers }
  const onward = request(incoming.url, options, (answer) => {
    outgoing.writeHead(answer.statusCode, answer.headers)
    answer.pipe(outgoing)
  })
  incoming.pipe(onward)
})
server.on('connect', ({ url }, client) => {
  console.log('connect')
  const [host, port] = url.split(':')
  const onward = connect(Number(port), host, () => {
    client.write('HTTP/1.1 200 OK\\r\\n\\r\\n')
    client.pipe(onward).pipe(client)
  })
  for (const socket of [client, onward]) socket.on('error', () => socket.destroy())
})
server.listen(0, '127.0.0.1', () => console.log(server.address().port))
`

export interface TestProxy {
  /** For `HTTP_PROXY` and `HTTPS_PROXY`. */
  readonly environment: Readonly<Record<string, string>>
  /** Whether anything went through it so far. */
  wasUsed(): boolean
  stop(): void
}

/** An HTTP proxy in a process of its own, since `useWith` blocks this one. */
export async function startProxy(project: StrangersProject): Promise<TestProxy> {
  const log = join(project.directory, `proxy-${randomUUID()}.log`)
  const descriptor = openSync(log, 'w')
  const child = spawn(process.execPath, ['--input-type=module', '--eval', PROXY], {
    env: environmentWithoutSettings(),
    stdio: ['ignore', descriptor, 'inherit'],
  })
  closeSync(descriptor)
  const lines = () => readFileSync(log, 'utf8').split('\n').filter(Boolean)
  while (lines().length === 0) await setTimeout(20)
  const url = `http://127.0.0.1:${lines()[0]}`
  return {
    environment: { HTTP_PROXY: url, HTTPS_PROXY: url, http_proxy: url, https_proxy: url },
    wasUsed: () => lines().length > 1,
    stop: () => void child.kill(),
  }
}

/** Runs the program and parses its output. */
export function useWith(
  runtime: string,
  args: readonly string[],
  project: StrangersProject,
  server: RunningServer,
  environment: Readonly<Record<string, string>> = {},
): unknown {
  const { status, stdout, stderr } = spawnSync(runtime, [...args, 'use.mjs'], {
    cwd: project.directory,
    encoding: 'utf8',
    timeout: 60_000,
    env: {
      PATH: process.env.PATH,
      HOME: project.directory,
      MIOT_TOKEN_URL: `${server.url}/api/v1/login`,
      MIOT_API_URL: server.url,
      MIOT_CLIENT_ID: server.credentials.client_id,
      MIOT_CLIENT_SECRET: server.credentials.client_secret,
      MIOT_AUDIENCE: server.credentials.audience,
      ...environment,
    },
  })
  if (status !== 0) throw new Error(`${runtime} ended with ${status}:\n${stderr}`)
  return JSON.parse(stdout)
}
