/**
 * Real gateways with the recipes of docs/gateways.md, read from there, so that the documented ones
 * are tested. A new gateway is a new row.
 */

import { spawn } from 'node:child_process'
import { createPublicKey, type webcrypto } from 'node:crypto'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { environmentWithoutSettings } from './environment.ts'
import { untilItListens } from './until-it-listens.ts'

const RECIPES = new URL('../../docs/gateways.md', import.meta.url)
const FOLDERS = [...(process.env.PATH ?? '').split(':'), '/usr/sbin', '/usr/local/sbin']
const STARTED_WITHIN_MS = 20_000

/** Where the documented addresses are in the test. */
export interface Places {
  /** Base URL of the server, which is its issuer. */
  readonly url: string
  readonly apiPort: number
  readonly gatewayPort: number
  /** A client that may introspect tokens of the audience. */
  readonly resourceServer: { readonly client_id: string; readonly client_secret: string }
}

export interface Gateway {
  /** The language of its block in the document. */
  readonly block: string
  readonly program: string
  /** Completes the sentence "To test it, …". */
  readonly install: string
  /** Another file that it needs. */
  readonly needs?: string
  /** Whether it refuses a token that was revoked, and after how many milliseconds. */
  readonly revokedWithinMs: number | null
  /** Forgeries that it does not refuse, by name. */
  readonly tolerates: readonly string[]
  /** It can require one scope of several. */
  readonly scopes: boolean
  /** It listens before it has read the recipe, and answers 404 until then. */
  readonly routesLater?: true
  /** All claims come in headers. */
  readonly allHeaders: boolean
  /** Its own settings around the recipe, and how to start it. */
  readonly wrap: (recipe: string, folder: string) => string
  readonly args: (file: string, folder: string, port: number) => readonly string[]
}

const asRoot = process.getuid?.() === 0
const MODULES = '/usr/lib/apache2/modules'
const APACHE_MODULES = 'mpm_event authn_core authz_core proxy proxy_http oauth2'

export const GATEWAYS: readonly Gateway[] = [
  {
    block: 'nginx',
    program: 'nginx',
    install: 'apt-get install nginx-light',
    revokedWithinMs: 0,
    tolerates: [],
    scopes: true,
    allHeaders: true,
    wrap: (recipe, folder) => `
      daemon off; pid ${folder}/nginx.pid; error_log stderr error; worker_processes 1;
      ${asRoot ? 'user root;' : ''}
      events {}
      http {
        access_log off;
        ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${folder}/${name};`).join(' ')}
        ${recipe}
      }`,
    args: (file, folder) => ['-p', folder, '-c', file],
  },
  {
    block: 'caddyfile',
    program: 'caddy',
    install: 'apt-get install caddy',
    revokedWithinMs: 0,
    tolerates: [],
    scopes: true,
    allHeaders: true,
    wrap: (recipe) => `{\n\tadmin off\n\tauto_https off\n}\n${recipe}`,
    args: (file) => ['run', '--config', file, '--adapter', 'caddyfile'],
  },
  {
    block: 'yaml',
    routesLater: true,
    program: 'traefik',
    install: 'put a release of Traefik 3 on the PATH; Debian has none',
    revokedWithinMs: 0,
    tolerates: [],
    scopes: true,
    allHeaders: true,
    wrap: (recipe) => recipe,
    args: (file, _folder, port) => [
      `--entrypoints.api.address=127.0.0.1:${port}`,
      `--providers.file.filename=${file}`,
      '--global.checknewversion=false',
      '--log.level=error',
    ],
  },
  {
    block: 'apache',
    program: 'apache2',
    install: 'apt-get install apache2 libapache2-mod-oauth2',
    needs: `${MODULES}/mod_oauth2.so`,
    revokedWithinMs: 15_000,
    tolerates: [],
    scopes: false,
    allHeaders: false,
    wrap: (recipe, folder) => `
ServerRoot ${folder}
PidFile ${folder}/apache.pid
DefaultRuntimeDir ${folder}
Mutex file:${folder}
ServerName localhost
Listen 127.0.0.1:8000
ErrorLog ${folder}/error.log
${APACHE_MODULES.split(' ')
  .map((name) => `LoadModule ${name}_module ${MODULES}/mod_${name}.so`)
  .join('\n')}
${asRoot ? 'User www-data\nGroup www-data' : ''}
${recipe}`,
    args: (file) => ['-D', 'FOREGROUND', '-f', file],
  },
  {
    block: 'haproxy',
    program: 'haproxy',
    install: 'apt-get install haproxy',
    revokedWithinMs: null,
    // The same bytes: its base64url decoder ignores unused bits.
    tolerates: ['the same signature written another way'],
    scopes: true,
    allHeaders: false,
    wrap: (recipe) => `
defaults
  mode http
  timeout connect 5s
  timeout client 30s
  timeout server 30s
${recipe}`,
    args: (file) => ['-f', file],
  },
]

/** The path of its program; null if it, or what it needs, is not installed. */
export function findProgram({ program, needs }: Gateway): string | null {
  if (needs !== undefined && !existsSync(needs)) return null
  return FOLDERS.map((folder) => join(folder, program)).find((path) => existsSync(path)) ?? null
}

export interface RunningGateway {
  stop(): Promise<void>
}

export async function startGateway(
  gateway: Gateway,
  binary: string,
  places: Places,
): Promise<RunningGateway> {
  const folder = mkdtempSync(join(tmpdir(), 'miot-gateway-'))
  // Apache's processes run as another user when this one is root.
  chmodSync(folder, 0o755)
  // Traefik reads its language from the extension.
  const file = join(folder, `gateway.${gateway.block}`)
  const pem = join(folder, 'modulariot.pem')
  if (gateway.block === 'haproxy') writeFileSync(pem, await firstKey(places.url))
  writeFileSync(file, located(gateway.wrap(recipeOf(gateway.block), folder), pem, places))
  const home = { HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder }
  const env = { ...environmentWithoutSettings(), ...home }
  const stdio = ['ignore', 'ignore', 'pipe'] as const
  const child = spawn(binary, [...gateway.args(file, folder, places.gatewayPort)], {
    stdio: [...stdio],
    env,
  })
  const complaints = text(child.stderr)
  const ready = async () => {
    await untilItListens(child, places.gatewayPort, STARTED_WITHIN_MS)
    if (gateway.routesLater) await untilItRoutes(places.gatewayPort)
  }
  await ready().catch(async (error) => {
    child.kill('SIGKILL')
    throw new Error(`${gateway.program}: ${await complaints}`, { cause: error })
  })
  return {
    async stop() {
      const exited = once(child, 'exit')
      // One that crashed has exited already.
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGTERM')
        await exited
      }
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function untilItRoutes(port: number): Promise<void> {
  const deadline = performance.now() + STARTED_WITHIN_MS
  while ((await fetch(`http://127.0.0.1:${port}/v1/`)).status === 404) {
    if (performance.now() > deadline) throw new Error('It listens, but has no route')
    await sleep(20)
  }
}

/** The block of that language in the document. */
export function recipeOf(block: string): string {
  const found = new RegExp(`\`\`\`${block}\\n(.*?)\`\`\``, 's').exec(readFileSync(RECIPES, 'utf8'))
  if (found === null) throw new Error(`docs/gateways.md has no block ${block}`)
  return found[1] as string
}

/** The documented addresses, replaced by those of the test. */
function located(recipe: string, pem: string, places: Places): string {
  const { url, apiPort, gatewayPort, resourceServer } = places
  return recipe
    .replaceAll('http://localhost:8080', url)
    .replaceAll('127.0.0.1:8080', `127.0.0.1:${new URL(url).port}`)
    .replaceAll('127.0.0.1:9000', `127.0.0.1:${apiPort}`)
    .replaceAll('127.0.0.1:8000', `127.0.0.1:${gatewayPort}`)
    .replaceAll('/etc/haproxy/modulariot.pem', pem)
    .replaceAll('CLIENT_ID', resourceServer.client_id)
    .replaceAll('CLIENT_SECRET', resourceServer.client_secret)
}

/** What the documented command writes. */
async function firstKey(url: string): Promise<string> {
  const answer = await fetch(`${url}/.well-known/jwks.json`)
  const { keys } = (await answer.json()) as { keys: webcrypto.JsonWebKey[] }
  const key = createPublicKey({ key: keys[0] as webcrypto.JsonWebKey, format: 'jwk' })
  return key.export({ type: 'spki', format: 'pem' }) as string
}
