/** Whose credentials a command uses: options first, then settings, then `quickstart.env`. */

import { existsSync } from 'node:fs'
import { parseEnv } from 'node:util'
import { CliError } from './cli-error.ts'
import { type ClientConfig, type Config, filesOf } from './config/parse-config.ts'
import { readPrivateFile } from './private-file.ts'

export interface Credentials {
  readonly token_endpoint: string
  readonly apiUrl: string | undefined
  readonly client_id: string
  readonly client_secret: string
  readonly audience: string
}

/** @throws CliError usage, naming what is missing and where to set it. */
export function resolveCredentials(
  config: Config,
  options: Partial<Pick<ClientConfig, 'clientId' | 'audience' | 'tokenUrl' | 'apiUrl'>> = {},
): Credentials {
  const { quickstart: path } = filesOf(config)
  // A client named explicitly does not get the quick start's secret by accident.
  const named = options.clientId ?? config.client.clientId
  const file = existsSync(path) ? parseEnv(readPrivateFile(path) ?? '') : {}
  const quickstart = named === undefined || named === file.MIOT_CLIENT_ID ? file : {}
  const need = (value: string | undefined, name: string): string => {
    if (value) return value
    throw new CliError('usage', `${name} is not set, and ${path} does not have it for this client`)
  }
  return {
    token_endpoint: need(
      options.tokenUrl ?? config.client.tokenUrl ?? file.MIOT_TOKEN_URL,
      'MIOT_TOKEN_URL',
    ),
    apiUrl: options.apiUrl ?? config.client.apiUrl ?? file.MIOT_API_URL,
    client_id: need(named ?? quickstart.MIOT_CLIENT_ID, 'MIOT_CLIENT_ID'),
    client_secret: need(
      config.client.clientSecret ?? quickstart.MIOT_CLIENT_SECRET,
      'MIOT_CLIENT_SECRET',
    ),
    audience: need(
      options.audience ?? config.client.audience ?? file.MIOT_AUDIENCE,
      'MIOT_AUDIENCE',
    ),
  }
}
