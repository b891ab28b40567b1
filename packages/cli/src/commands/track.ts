/** `miot track send`: one report, the way a device sends it. */

import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { requestToken } from '@modulariot/oauth/client'
import { CliError, type CliErrorCode } from '../cli-error.ts'
import { resolveCredentials } from '../client-credentials.ts'
import type { Context } from '../context.ts'

export interface SendOptions {
  readonly assetId?: string
  readonly latitude?: number
  readonly longitude?: number
  readonly speed?: number
  /** A file with the whole body; `-` is standard input. */
  readonly file?: string
  readonly requestId?: string
  readonly clientId?: string
  readonly audience?: string
  readonly tokenUrl?: string
  readonly apiUrl?: string
}

export async function sendTrack(context: Context, options: SendOptions): Promise<void> {
  const body = options.file === undefined ? compose(options) : readBody(options.file)
  const credentials = resolveCredentials(context.config(), options)
  if (credentials.apiUrl === undefined) {
    throw new CliError('usage', 'Say where the API is: --api-url or MIOT_API_URL')
  }
  const { access_token } = await requestToken(credentials, context.fetch)
  const request_id = options.requestId ?? randomUUID()
  const response = await context.fetch(`${credentials.apiUrl}/v1/asset/track`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${access_token}`,
      'content-type': 'application/json',
      'x-request-id': request_id,
      'x-request-timestamp': String(Date.now() / 1000),
    },
    body,
    redirect: 'error',
    signal: AbortSignal.timeout(30_000),
  })
  const answer = (await response.json().catch(() => ({}))) as Answer
  if (response.status !== 200) throw explain(response.status, answer)
  const replayed = response.headers.get('idempotent-replay') === 'true'
  context.output.print({ ...answer, request_id, replayed }, () =>
    replayed ? `Sent before as ${request_id}; kept once.` : `Sent and kept as ${request_id}.`,
  )
}

interface Answer {
  readonly message?: string
  readonly detail?: string
  readonly errors?: Record<string, string>
}

const CODES: Readonly<Record<number, CliErrorCode>> = {
  401: 'auth',
  403: 'auth',
  429: 'rate_limited',
}

function explain(status: number, { message, detail, errors }: Answer): CliError {
  const lines = Object.entries(errors ?? {}).map(([path, fault]) => `  ${path} ${fault}`)
  const text = [message ?? 'The API did not answer as documented', detail]
    .filter(Boolean)
    .join(': ')
  return new CliError(CODES[status] ?? 'failure', [`${status} ${text}`, ...lines].join('\n'))
}

function compose({ assetId, latitude, longitude, speed }: SendOptions): string {
  if (assetId === undefined) throw new CliError('usage', 'Give --asset-id, or a body with --file')
  if ((latitude === undefined) !== (longitude === undefined)) {
    throw new CliError('usage', 'Give both --latitude and --longitude, or neither')
  }
  const gps = latitude === undefined ? undefined : { latitude, longitude, speed }
  return JSON.stringify({ asset_id: assetId, timestamp: new Date().toISOString(), gps })
}

function readBody(file: string): string {
  try {
    return readFileSync(file === '-' ? 0 : file, 'utf8')
  } catch (error) {
    throw new CliError(
      'not_found',
      `Cannot read ${file} (${(error as NodeJS.ErrnoException).code})`,
    )
  }
}
