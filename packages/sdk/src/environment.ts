/** The settings of a client, as the quick start writes them into `quickstart.env`. */

import { ConfigError } from '@modulariot/oauth/client'

export interface ClientSettings {
  readonly token_endpoint: string
  /** Base URL of ModularIoT API. */
  readonly apiUrl: string
  readonly client_id: string
  /** A function where it comes from a file: a rotated secret is used without a restart. */
  readonly client_secret: string | (() => string)
  readonly audience: string
}

export type Environment = Readonly<Record<string, string | undefined>>

/**
 * Reads `MIOT_TOKEN_URL`, `MIOT_API_URL`, `MIOT_CLIENT_ID`, `MIOT_CLIENT_SECRET` and `MIOT_AUDIENCE`, or,
 * where files can be read, the files that `MIOT_…_FILE` name. Set to nothing counts as not set.
 *
 * @throws ConfigError that names all that is missing, or is set twice.
 */
export function settingsFrom(
  environment: Environment,
  readFile: ((path: string) => string) | null,
): ClientSettings {
  const faults: string[] = []
  const source = (name: string): (() => string) => {
    const value = environment[name]
    const path = environment[`${name}_FILE`]
    if (value && path) faults.push(`${name} and ${name}_FILE are both set: keep one`)
    else if (path && readFile === null) {
      faults.push(`${name}_FILE needs a file system: use @modulariot/sdk/node`)
    } else if (!value && !path) faults.push(`${name} is not set`)
    return () => (path && readFile ? readFile(path).trim() : (value ?? ''))
  }
  const sources = {
    token_endpoint: source('MIOT_TOKEN_URL'),
    apiUrl: source('MIOT_API_URL'),
    client_id: source('MIOT_CLIENT_ID'),
    client_secret: source('MIOT_CLIENT_SECRET'),
    audience: source('MIOT_AUDIENCE'),
  }
  if (faults.length > 0) throw new ConfigError(`${faults.join('; ')}.`)
  return {
    token_endpoint: sources.token_endpoint(),
    apiUrl: sources.apiUrl(),
    client_id: sources.client_id(),
    client_secret: sources.client_secret,
    audience: sources.audience(),
  }
}
