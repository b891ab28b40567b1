/** What `miot serve` prints once it listens: its URL, and on the first run how to use it. */

import { randomUUID } from 'node:crypto'
import { relative } from 'node:path'
import { type Config, filesOf } from '../config/parse-config.ts'
import type { QuickstartCredentials } from './quickstart.ts'
import type { Running } from './start-servers.ts'

/** @param now Unix milliseconds. */
export function startMessage(
  config: Config,
  { quickstart, caFile }: Pick<Running, 'quickstart' | 'caFile'>,
  now: number,
): string {
  const listening = `ModularIoT Auth and ModularIoT API listen on ${config.issuer}`
  const path = filesOf(config).quickstart
  const fromHere = relative(process.cwd(), path)
  const file = fromHere.startsWith('..') ? path : fromHere
  const curl = caFile === null ? 'curl -sS' : `curl -sS --cacert ${shellQuote(caFile)}`
  if (quickstart === null) return `${listening}\n`
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
