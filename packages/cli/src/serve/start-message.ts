/**
 * What `miot serve` prints once it listens: its URL and how to use it, on the first run with the
 * credentials, later with where they are.
 */

import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { relative } from 'node:path'
import { type Config, filesOf } from '../config/parse-config.ts'
import type { QuickstartCredentials } from './quickstart.ts'
import type { Running } from './start-servers.ts'

const FIRST_COMMANDS = `There is no client yet. Create the first, as the user who runs this server:

  miot orgs create --name NAME
  miot clients create --name NAME`

/** @param now Unix milliseconds. */
export function startMessage(
  config: Config,
  running: Pick<Running, 'quickstart' | 'isEmpty' | 'caFile' | 'setupCode'>,
  now: number,
): string {
  return firstUse(config, running, now) + setupCodeText(config, running.setupCode)
}

/** Off loopback, the first to sign up owns everything: that has to be the operator. */
function setupCodeText({ issuer }: Config, setupCode: string | null): string {
  if (setupCode === null) return ''
  return `
Create the first account, which owns this installation, at ${issuer}/console/sign-up
with this setup code. It is of no use afterwards.

  ${setupCode}
`
}

function firstUse(
  config: Config,
  { quickstart, isEmpty, caFile }: Pick<Running, 'quickstart' | 'isEmpty' | 'caFile'>,
  now: number,
): string {
  const console = config.console === 'on' ? `\nIn a browser: ${config.issuer}/console/` : ''
  const listening = `ModularIoT Auth and ModularIoT API listen on ${config.issuer}${console}`
  const path = filesOf(config).quickstart
  const fromHere = relative(process.cwd(), path)
  const file = fromHere.startsWith('..') ? path : fromHere
  const curl = caFile === null ? 'curl -sS' : `curl -sS --cacert ${shellQuote(caFile)}`
  if (isEmpty) return `${listening}\n\n${FIRST_COMMANDS}\n`
  if (quickstart === null) {
    const trust = caFile === null ? '' : `NODE_EXTRA_CA_CERTS=${shellQuote(caFile)} `
    return `${listening}\n\n${nextSteps(existsSync(path) ? file : null, `${trust}npx miot`)}`
  }
  return `${listening}

Your first application (environment development). Its secret is shown only once; it is stored in ${file}:

  client_id      ${quickstart.client_id}
  client_secret  ${quickstart.client_secret}
  audience       ${quickstart.audience}
  grant_type     ${quickstart.grant_type}

Paste these two commands into another terminal.

1. Log in:

${loginCommand(curl, config, quickstart)}

2. Track an asset:

${trackCommand(curl, config, now)}
`
}

/**
 * @param file the quick start's credentials; null when they are not here.
 * @param miot how to run a command.
 */
function nextSteps(file: string | null, miot: string): string {
  if (file === null) {
    return `Create a client to log in with, or check this installation:

  ${miot} clients create --name "My device"
  ${miot} doctor
`
  }
  return `The credentials of your first application are in ${file}, where these commands find them:

  ${miot} track send --asset-id TRUCK-001 --latitude -33.4489 --longitude -70.6693
  ${miot} assets list
  ${miot} doctor
`
}

function loginCommand(
  curl: string,
  config: Config,
  { client_id, client_secret, audience }: QuickstartCredentials,
) {
  const body = { client_id, client_secret, audience, grant_type: 'client_credentials' }
  return `TOKEN=$(${curl} ${config.issuer}/api/v1/login \\
  -H 'Content-Type: application/json' \\
  -d '${JSON.stringify(body)}' \\
  | tee /dev/stderr | sed 's/.*"access_token":"\\([^"]*\\)".*/\\1/')`
}

function trackCommand(curl: string, config: Config, now: number): string {
  const timestamp = `${new Date(now).toISOString().slice(0, 19)}Z`
  const gps = { latitude: -33.4489, longitude: -70.6693, speed: 42 }
  const body = { asset_id: 'TRUCK-001', timestamp, gps }
  return `${curl} ${config.issuer}/v1/asset/track \\
  -H "Authorization: Bearer $TOKEN" \\
  -H 'Content-Type: application/json' \\
  -H 'X-Request-Id: ${randomUUID()}' \\
  -H 'X-Request-Timestamp: ${Math.floor(now / 1000)}' \\
  -d '${JSON.stringify(body)}'`
}

function shellQuote(text: string): string {
  return /^[\w./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`
}
