/** From an environment to the one frozen configuration. Pure: files arrive through `readFile`. */

import { join, resolve } from 'node:path'
import { adminAudience, feedAudience, type KeyPolicy, keyPolicy } from '@modulariot/auth'
import type { TlsFiles } from '@modulariot/platform/http'
import { type Database, parseDatabaseUrl } from './database.ts'
import {
  isLoopback,
  oneOf,
  parseAbsoluteUrl,
  parseDrainSeconds,
  parseEncryptionKey,
  parseHost,
  parseIssuer,
  parseMetricsPort,
  parsePemPath,
  parsePort,
  wholeNumber,
} from './parsers.ts'
import { ConfigError, type Environment, readSettings, type Values } from './read-settings.ts'
import { SERVER_SETTINGS, type SettingName } from './settings.ts'
import { parseTrustedProxies } from './trusted-proxies.ts'

export interface Config {
  readonly host: string
  readonly port: number
  /** Absolute. */
  readonly dataDir: string
  readonly database: Database
  readonly issuer: string
  readonly apiAudience: string
  /** What becomes of a report with a metric key nobody knows. */
  readonly apiValidation: ApiValidation
  /** Milliseconds a second that one client may have; 0: no bound. */
  readonly apiClientCpuMs: number
  /** Null: telemetry is kept for ever. */
  readonly retentionDays: number | null
  /** Null: entries of the audit trail are kept for ever. */
  readonly auditRetentionDays: number | null
  /** Null: the one in the data directory, made when missing. */
  readonly encryptionKey: Uint8Array | null
  /** Absolute paths of PEM files. Null: plaintext. */
  readonly tls: TlsFiles | null
  /** Addresses and CIDR ranges. */
  readonly trustedProxies: readonly string[]
  readonly maxConnections: number
  readonly maxConnectionsPerAddress: number
  /** On loopback. Null: nothing is counted. */
  readonly metricsPort: number | null
  readonly logLevel: LogLevel
  readonly drainSeconds: number
  readonly jwksMaxAgeSeconds: number
  readonly keyPolicy: KeyPolicy
  /** What the commands that act as a client were told; the rest comes from `quickstart.env`. */
  readonly client: ClientConfig
}

/** Null: not set. */
export interface ClientConfig {
  readonly tokenUrl: string | null
  readonly apiUrl: string | null
  readonly clientId: string | null
  readonly clientSecret: string | null
  readonly audience: string | null
}

const API_VALIDATIONS = ['strict', 'lenient'] as const
export type ApiValidation = (typeof API_VALIDATIONS)[number]

const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

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

  const certFile = parse('MIOT_TLS_CERT', null, parsePemPath)
  const keyFile = parse('MIOT_TLS_KEY', null, parsePemPath)
  const tls = certFile !== null && keyFile !== null ? { certFile, keyFile } : null
  const port = parse('MIOT_PORT', Number(SERVER_SETTINGS.MIOT_PORT.default), parsePort)
  const dataDir = resolve(values.MIOT_DATA_DIR ?? SERVER_SETTINGS.MIOT_DATA_DIR.default)
  const jwksMaxAgeSeconds = parse(
    'MIOT_JWKS_MAX_AGE',
    Number(SERVER_SETTINGS.MIOT_JWKS_MAX_AGE.default),
    wholeNumber(1, 86_400),
  )
  const rotationDays = parse(
    'MIOT_KEY_ROTATION_DAYS',
    Number(SERVER_SETTINGS.MIOT_KEY_ROTATION_DAYS.default),
    wholeNumber(0, 3650),
  )
  const config: Config = {
    host: parse('MIOT_HOST', SERVER_SETTINGS.MIOT_HOST.default, parseHost),
    port,
    dataDir,
    database: parse('MIOT_DATABASE_URL', { kind: 'sqlite', directory: dataDir }, parseDatabaseUrl),
    issuer: parse('MIOT_ISSUER', `${tls ? 'https' : 'http'}://localhost:${port}`, parseIssuer),
    apiAudience: parse(
      'MIOT_API_AUDIENCE',
      SERVER_SETTINGS.MIOT_API_AUDIENCE.default,
      parseAbsoluteUrl,
    ),
    apiValidation: parse('MIOT_API_VALIDATION', 'strict', oneOf(API_VALIDATIONS)),
    apiClientCpuMs: parse(
      'MIOT_API_CLIENT_CPU',
      Number(SERVER_SETTINGS.MIOT_API_CLIENT_CPU.default),
      wholeNumber(0, 100_000),
    ),
    retentionDays:
      parse(
        'MIOT_RETENTION_DAYS',
        Number(SERVER_SETTINGS.MIOT_RETENTION_DAYS.default),
        wholeNumber(0, 36_500),
      ) || null,
    auditRetentionDays:
      parse(
        'MIOT_AUDIT_RETENTION_DAYS',
        Number(SERVER_SETTINGS.MIOT_AUDIT_RETENTION_DAYS.default),
        wholeNumber(0, 36_500),
      ) || null,
    encryptionKey: parse('MIOT_ENCRYPTION_KEY', null, parseEncryptionKey),
    tls,
    trustedProxies: parse('MIOT_TRUSTED_PROXIES', [], parseTrustedProxies),
    maxConnections: parse(
      'MIOT_MAX_CONNECTIONS',
      Number(SERVER_SETTINGS.MIOT_MAX_CONNECTIONS.default),
      wholeNumber(1, 1_000_000),
    ),
    maxConnectionsPerAddress: parse(
      'MIOT_MAX_CONNECTIONS_PER_ADDRESS',
      Number(SERVER_SETTINGS.MIOT_MAX_CONNECTIONS_PER_ADDRESS.default),
      wholeNumber(1, 1_000_000),
    ),
    metricsPort: parse(
      'MIOT_METRICS_PORT',
      Number(SERVER_SETTINGS.MIOT_METRICS_PORT.default),
      parseMetricsPort,
    ),
    logLevel: parse('MIOT_LOG_LEVEL', 'info', oneOf(LOG_LEVELS)),
    drainSeconds: parse(
      'MIOT_DRAIN_SECONDS',
      Number(SERVER_SETTINGS.MIOT_DRAIN_SECONDS.default),
      parseDrainSeconds,
    ),
    jwksMaxAgeSeconds,
    keyPolicy: keyPolicy(jwksMaxAgeSeconds, rotationDays || null),
    client: {
      tokenUrl: parse('MIOT_TOKEN_URL', null, parseAbsoluteUrl),
      apiUrl: parse('MIOT_API_URL', null, parseAbsoluteUrl),
      clientId: values.MIOT_CLIENT_ID ?? null,
      clientSecret: values.MIOT_CLIENT_SECRET ?? null,
      audience: values.MIOT_AUDIENCE ?? null,
    },
  }
  faults.push(...contradictions(config, values))
  if ([adminAudience(config.issuer), feedAudience(config.issuer)].includes(config.apiAudience)) {
    faults.push('MIOT_API_AUDIENCE is the audience of an API of this server; choose another')
  }
  if (faults.length > 0) throw new ConfigError(faults)
  return Object.freeze(config)
}

/** Settings that are right each for itself, and wrong together. One that was refused is not blamed again. */
function contradictions({ host, tls, issuer }: Config, values: Values): string[] {
  const { MIOT_TLS_CERT, MIOT_TLS_KEY, MIOT_TRUSTED_PROXIES } = values
  const faults: string[] = []
  if (MIOT_TLS_CERT && !MIOT_TLS_KEY) {
    faults.push(
      'MIOT_TLS_KEY is not set, and MIOT_TLS_CERT needs it: set the path of its private key',
    )
  }
  if (MIOT_TLS_KEY && !MIOT_TLS_CERT) {
    faults.push(
      'MIOT_TLS_CERT is not set, and MIOT_TLS_KEY needs it: set the path of its certificate',
    )
  }
  if (!isLoopback(host) && !MIOT_TLS_CERT && !MIOT_TLS_KEY && !MIOT_TRUSTED_PROXIES) {
    faults.push(
      `MIOT_HOST ${host} can be reached from other machines, and secrets do not travel in plaintext: ` +
        'set MIOT_TLS_CERT and MIOT_TLS_KEY, or MIOT_TRUSTED_PROXIES to the addresses of the proxies that terminate TLS',
    )
  }
  if (tls !== null && !issuer.startsWith('https:')) {
    faults.push('MIOT_ISSUER must be an https URL, since MIOT_TLS_CERT turns TLS on')
  }
  return faults
}

/** The files of one installation's data directory, by name. */
export const filesOf = (config: Pick<Config, 'dataDir'>) => ({
  encryptionKey: join(config.dataDir, 'encryption.key'),
  quickstart: join(config.dataDir, 'quickstart.env'),
  auditCheckpoints: join(config.dataDir, 'audit-checkpoints.ndjson'),
})
