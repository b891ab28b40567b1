/** The settings of a client, as the quick start writes them to `quickstart.env`. */

import { ConfigError, settingText } from '@modulariot/oauth/client'

export type Environment = Readonly<Record<string, string | undefined>>

export interface ClientSettings {
  readonly token_endpoint?: string
  /** Base URL of ModularIoT API. */
  readonly apiUrl?: string
  readonly client_id?: string
  /** Read on each call if it comes from a file: a rotated secret is used without a restart. */
  readonly client_secret?: () => string
  readonly audience?: string
}

const SETTINGS = {
  token_endpoint: 'MIOT_TOKEN_URL',
  apiUrl: 'MIOT_API_URL',
  client_id: 'MIOT_CLIENT_ID',
  client_secret: 'MIOT_CLIENT_SECRET',
  audience: 'MIOT_AUDIENCE',
} as const

type Option = keyof typeof SETTINGS

/** The options that make a setting unnecessary. */
const INSTEAD: Partial<Record<Option, string>> = {
  token_endpoint: 'issuer',
  client_secret: 'client_key',
}

/**
 * Reads the variables, or, where files can be read, the files that their `_FILE` variants name. The
 * empty text counts as not set.
 *
 * @param given the caller's own options, which need no setting.
 * @throws ConfigError that lists everything missing or set twice.
 */
export function settingsFrom(
  environment: Environment,
  readFile: ((path: string) => string) | null,
  given: object = {},
): ClientSettings {
  const faults: string[] = []
  const found: Record<string, unknown> = {}
  const has = (option: string | undefined) => option !== undefined && Object.hasOwn(given, option)
  for (const [option, name] of Object.entries(SETTINGS) as [Option, string][]) {
    if (has(option) || has(INSTEAD[option])) continue
    const value = environment[name]
    const path = environment[`${name}_FILE`]
    const fault = faultOf(name, value, path, readFile !== null)
    if (fault !== null) faults.push(fault)
    else {
      const read = () => (path && readFile ? readSetting(name, path, readFile) : (value ?? ''))
      found[option] = option === 'client_secret' ? read : read()
    }
  }
  if (faults.length > 0) throw new ConfigError(`${faults.join('; ')}.`)
  return found
}

function faultOf(
  name: string,
  value: string | undefined,
  path: string | undefined,
  canRead: boolean,
): string | null {
  if (value && path) return `${name} and ${name}_FILE are both set: keep one`
  if (path && !canRead) return `${name}_FILE needs a file system: use @modulariot/sdk/node`
  return value || path ? null : `${name} is not set`
}

function readSetting(name: string, path: string, readFile: (path: string) => string): string {
  try {
    return settingText(readFile(path))
  } catch {
    throw new ConfigError(`${name}_FILE: ${path} cannot be read`)
  }
}
