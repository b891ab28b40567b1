/** Creates a token source from a process's environment and files. */

import { readFileSync } from 'node:fs'
import { ConfigError, settingText, TokenSource, type TokenSourceOptions } from '../client/index.ts'
import { type Environment, lookUp, resolveSecret, secretFromEnv } from './sources.ts'

/** Like `new TokenSource`, but `client_secret` may also be `file:PATH` or `env:NAME`. */
export function createTokenSource(options: TokenSourceOptions): TokenSource {
  const { client_secret } = options
  if (typeof client_secret !== 'string') return new TokenSource(options)
  return new TokenSource({ ...options, client_secret: resolveSecret(client_secret) })
}

const SETTINGS = {
  token_endpoint: 'MIOT_TOKEN_URL',
  client_id: 'MIOT_CLIENT_ID',
  audience: 'MIOT_AUDIENCE',
} as const

const SECRET = 'MIOT_CLIENT_SECRET'

/**
 * Reads the variables of `quickstart.env`, or the files that their `_FILE` variants name.
 *
 * The secret is read at each exchange, everything else now.
 *
 * @param options override the environment.
 * @throws ConfigError that lists everything missing or set twice.
 */
export function tokenSourceFromEnv(
  options: Partial<TokenSourceOptions> = {},
  environment: Environment = process.env,
): TokenSource {
  const faults: string[] = []
  const attempt = <Value>(read: () => Value): Value | undefined => {
    try {
      return read()
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error
      faults.push(error.message)
      return undefined
    }
  }
  const found: Record<string, string> = {}
  for (const [option, name] of Object.entries(SETTINGS)) {
    if (options[option as keyof typeof SETTINGS] !== undefined) continue
    if (option === 'token_endpoint' && options.issuer !== undefined) continue
    const value = attempt(() => readSetting(name, environment))
    if (value !== undefined) found[option] = value
  }
  const proven = options.client_secret !== undefined || options.client_key !== undefined
  if (!proven && attempt(() => isSet(SECRET, environment)) === false) {
    faults.push(`${SECRET} is not set`)
  }
  if (faults.length > 0) throw new ConfigError(`${faults.join('; ')}.`)
  const secret = proven ? {} : { client_secret: secretFromEnv(SECRET, environment) }
  return createTokenSource({ ...found, ...secret, ...options } as TokenSourceOptions)
}

function isSet(name: string, environment: Environment): boolean {
  const { value, path } = lookUp(name, environment)
  return value !== undefined || path !== undefined
}

function readSetting(name: string, environment: Environment): string {
  const { value, path } = lookUp(name, environment)
  if (value !== undefined) return value
  if (path === undefined) throw new ConfigError(`${name} is not set`)
  try {
    return settingText(readFileSync(path, 'utf8'))
  } catch {
    throw new ConfigError(`${name}_FILE: ${path} cannot be read`)
  }
}
