/**
 * Which credentials a command uses (options, then settings, then `quickstart.env`), and which
 * servers they may be sent to.
 *
 * Secrets and tokens travel over TLS or stay on this machine. The credentials in `quickstart.env`
 * are sent only to the server named in that file; those from the settings are sent to the server
 * given on the command line (ADR 30).
 */

import { parseEnv } from 'node:util'
import { type Config, filesOf } from '../config/parse-config.ts'
import { serverUrlFault } from '../config/server-url.ts'
import { CliError } from '../errors/cli-error.ts'
import { readPrivateFile } from '../files/private-file.ts'

export interface Credentials {
  readonly token_endpoint: string
  readonly client_id: string
  readonly client_secret: string
  readonly audience: string
}

/** Options of the command line, which override the settings. */
export interface CredentialOptions {
  readonly clientId?: string | undefined
  readonly audience?: string | undefined
  readonly tokenUrl?: string | undefined
  readonly apiUrl?: string | undefined
}

/**
 * Credentials for the token endpoint.
 *
 * @throws CliError usage: what is missing and where to set it, or why the secret may not be sent to
 *   that server.
 */
export function resolveCredentials(config: Config, options: CredentialOptions = {}): Credentials {
  return resolve(config, options).credentials
}

/**
 * Credentials, and the URL of the API that their token is for.
 *
 * @throws CliError usage: what is missing and where to set it, or why a secret or token may not be
 *   sent to that server.
 */
export function resolveApiCredentials(
  config: Config,
  options: CredentialOptions = {},
): Credentials & { readonly apiUrl: string } {
  const { credentials, file, quickstart } = resolve(config, options)
  const apiUrl = options.apiUrl ?? config.client.apiUrl ?? file().MIOT_API_URL
  if (!apiUrl) throw new CliError('usage', 'The API URL is not set: use --api-url or MIOT_API_URL')
  assertSecure('The API URL', apiUrl)
  if (quickstart) assertOwnServer(config, apiUrl, file().MIOT_API_URL)
  return { ...credentials, apiUrl }
}

type QuickstartFile = Readonly<Record<string, string | undefined>>

interface Resolved {
  readonly credentials: Credentials
  /** Read on demand: an unsafe file does not matter when the settings have everything. */
  readonly file: () => QuickstartFile
  /** Whether the client id or the secret comes from the file. */
  readonly quickstart: boolean
}

function resolve(config: Config, options: CredentialOptions): Resolved {
  let read: QuickstartFile | null = null
  const file = () => {
    read ??= readQuickstart(config)
    return read
  }
  const set = config.client
  // A client named explicitly does not get the quick start's secret by accident.
  const named = options.clientId ?? set.clientId
  const own = () => (named === null || named === file().MIOT_CLIENT_ID ? file() : {})
  const { quickstart: path } = filesOf(config)
  const need = (value: string | null | undefined, name: string): string => {
    if (value) return value
    throw new CliError(
      'usage',
      `${name} is not set, and ${path} does not contain it for this client`,
    )
  }
  const credentials = {
    token_endpoint: need(
      options.tokenUrl ?? set.tokenUrl ?? file().MIOT_TOKEN_URL,
      'MIOT_TOKEN_URL',
    ),
    client_id: need(named ?? own().MIOT_CLIENT_ID, 'MIOT_CLIENT_ID'),
    client_secret: need(set.clientSecret ?? own().MIOT_CLIENT_SECRET, 'MIOT_CLIENT_SECRET'),
    audience: need(options.audience ?? set.audience ?? file().MIOT_AUDIENCE, 'MIOT_AUDIENCE'),
  }
  const quickstart = named === null || set.clientSecret === null
  assertSecure('The token endpoint', credentials.token_endpoint)
  if (quickstart) assertOwnServer(config, credentials.token_endpoint, file().MIOT_TOKEN_URL)
  return { credentials, file, quickstart }
}

/** @throws CliError usage when the file is unsafe: its contents decide where secrets are sent. */
function readQuickstart(config: Config): QuickstartFile {
  try {
    return parseEnv(readPrivateFile(filesOf(config).quickstart) ?? '')
  } catch (error) {
    throw new CliError('usage', (error as Error).message)
  }
}

/** @throws CliError usage when secrets or tokens would be sent in plaintext. */
function assertSecure(what: string, url: string): void {
  const fault = serverUrlFault(url)
  if (fault !== null) throw new CliError('usage', `${what} ${url} ${fault}`)
}

function assertOwnServer(config: Config, url: string, fileUrl: string | undefined): void {
  if (fileUrl !== undefined && new URL(fileUrl).origin === new URL(url).origin) return
  const { quickstart: path } = filesOf(config)
  const origin = fileUrl === undefined ? 'no server' : new URL(fileUrl).origin
  throw new CliError(
    'usage',
    `The credentials in ${path} are for ${origin} and are not sent to ${new URL(url).origin}: ` +
      'set MIOT_CLIENT_ID and MIOT_CLIENT_SECRET for a client of that server',
  )
}
