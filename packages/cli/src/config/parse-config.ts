/** From an environment to the one frozen configuration. Pure: files arrive through `readFile`. */

import { isIP } from 'node:net'
import { join, resolve } from 'node:path'
import { ENCRYPTION_KEY_BYTES } from '@modulariot/auth'
import { ConfigError, type Environment, readSettings } from './read-settings.ts'
import { SERVER_SETTINGS, type SettingName } from './settings.ts'

export interface Config {
  readonly host: string
  readonly port: number
  /** Absolute. */
  readonly dataDir: string
  /** Absolute; holds `auth.db` and `telemetry.db`. */
  readonly databaseDir: string
  readonly issuer: string
  readonly apiAudience: string
  /** Null: the one in the data directory, made when missing. */
  readonly encryptionKey: Uint8Array | null
  readonly logLevel: LogLevel
  /** What the commands that act as a client were told; the rest comes from `quickstart.env`. */
  readonly client: ClientConfig
}

export interface ClientConfig {
  readonly tokenUrl: string | undefined
  readonly apiUrl: string | undefined
  readonly clientId: string | undefined
  readonly clientSecret: string | undefined
  readonly audience: string | undefined
}

const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

const LOOPBACK_HOSTS = new Set(['127.0.0.1', '::1', 'localhost'])

/** @throws ConfigError with every fault at once, each naming its setting. */
export function parseConfig(env: Environment, readFile: (path: string) => string): Config {
  const values = readSettings(env, readFile)
  const faults: string[] = []
  /** Runs one parser; its complaint is collected, so that all faults are told together. */
  function parse<Value>(
    name: SettingName,
    fallback: Value,
    parser: (text: string) => Value,
  ): Value {
    const text = values[name]
    if (text === undefined) return fallback
    try {
      return parser(text)
    } catch (error) {
      faults.push(`${name} ${(error as Error).message}`)
      return fallback
    }
  }

  const port = parse('MIOT_PORT', Number(SERVER_SETTINGS.MIOT_PORT.default), parsePort)
  const dataDir = resolve(values.MIOT_DATA_DIR ?? SERVER_SETTINGS.MIOT_DATA_DIR.default)
  const config: Config = {
    host: parse('MIOT_HOST', SERVER_SETTINGS.MIOT_HOST.default, parseHost),
    port,
    dataDir,
    databaseDir: parse('MIOT_DATABASE_URL', dataDir, parseDatabaseUrl),
    issuer: parse('MIOT_ISSUER', `http://localhost:${port}`, parseIssuer),
    apiAudience: parse(
      'MIOT_API_AUDIENCE',
      SERVER_SETTINGS.MIOT_API_AUDIENCE.default,
      parseAbsoluteUrl,
    ),
    encryptionKey: parse('MIOT_ENCRYPTION_KEY', null, parseEncryptionKey),
    logLevel: parse('MIOT_LOG_LEVEL', 'info', parseLogLevel),
    client: {
      tokenUrl: parse('MIOT_TOKEN_URL', undefined, parseAbsoluteUrl),
      apiUrl: parse('MIOT_API_URL', undefined, parseAbsoluteUrl),
      clientId: values.MIOT_CLIENT_ID,
      clientSecret: values.MIOT_CLIENT_SECRET,
      audience: values.MIOT_AUDIENCE,
    },
  }
  if (faults.length > 0) throw new ConfigError(faults)
  return Object.freeze(config)
}

/** The files of one installation, by name. */
export const filesOf = (config: Pick<Config, 'dataDir' | 'databaseDir'>) => ({
  authDatabase: join(config.databaseDir, 'auth.db'),
  telemetryDatabase: join(config.databaseDir, 'telemetry.db'),
  encryptionKey: join(config.dataDir, 'encryption.key'),
  quickstart: join(config.dataDir, 'quickstart.env'),
})

/** @throws Error when the text is not 32 bytes in base64url or hex. */
export function parseEncryptionKey(text: string): Uint8Array {
  const hex = /^[0-9a-fA-F]{64}$/.test(text)
  const key = Buffer.from(text, hex ? 'hex' : 'base64url')
  if (!hex && !/^[A-Za-z0-9_-]{43}$/.test(text)) {
    throw new Error(
      `must be ${ENCRYPTION_KEY_BYTES} bytes in base64url (43 characters) or hex (64)`,
    )
  }
  return new Uint8Array(key)
}

function parsePort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0
  if (port < 1 || port > 65_535) throw new Error('must be a port number from 1 to 65535')
  return port
}

function parseHost(text: string): string {
  if (LOOPBACK_HOSTS.has(text)) return text
  if (isIP(text) === 0) throw new Error('must be an IP address or localhost')
  throw new Error(
    'must be a loopback address: TLS is not built in yet, and secrets do not travel in plaintext; use 127.0.0.1 behind a TLS proxy on this machine',
  )
}

function parseDatabaseUrl(text: string): string {
  if (/^sqlite:[^/]*\/\/[^/]/.test(text) || text === 'sqlite:') {
    throw new Error('must name a directory, such as sqlite:/var/lib/modulariot')
  }
  if (text.startsWith('sqlite:')) return resolve(text.slice('sqlite:'.length).replace(/^\/\//, ''))
  if (/^postgres(ql)?:/.test(text)) throw new Error('names PostgreSQL, which is not supported yet')
  throw new Error('must be sqlite:<directory>')
}

function parseIssuer(text: string): string {
  const url = new URL(parseAbsoluteUrl(text))
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '' || url.username !== '') {
    throw new Error('must be a URL of scheme, host and port only')
  }
  const loopback = LOOPBACK_HOSTS.has(url.hostname.replace(/^\[|\]$/g, ''))
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && loopback)) {
    throw new Error('must be an https URL (http only on loopback)')
  }
  return url.origin
}

function parseAbsoluteUrl(text: string): string {
  if (!URL.canParse(text) || /[\s'"\\]/.test(text)) throw new Error('must be an absolute URL')
  return text
}

function parseLogLevel(text: string): LogLevel {
  const level = LOG_LEVELS.find((name) => name === text)
  if (level === undefined) throw new Error(`must be one of ${LOG_LEVELS.join(', ')}`)
  return level
}
