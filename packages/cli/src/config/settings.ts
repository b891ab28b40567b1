/**
 * Every setting there is: one row each, from which its field of `Config`, its parsing,
 * `docs/configuration.md` and the message that names the nearest known one follow. A new setting is
 * a new row.
 *
 * What depends on several settings is decided in parse-config.ts, over the parsed values.
 */

import { DEFAULT_JWKS_MAX_AGE_SECONDS, DEFAULT_KEY_ROTATION_DAYS } from '@modulariot/auth'
import { CONNECTION_LIMITS } from '@modulariot/platform/http'
import { parseDatabaseUrl } from './database.ts'
import {
  anyText,
  oneOf,
  parseAbsoluteUrl,
  parseDirectory,
  parseDrainSeconds,
  parseEncryptionKey,
  parseHost,
  parseIssuer,
  parseMetricsPort,
  parsePemPath,
  parsePort,
  wholeNumber,
  wholeNumberOrNone,
} from './parsers.ts'
import { parseTrustedProxies } from './trusted-proxies.ts'

interface Row {
  readonly name: `MIOT_${string}`
  /** @throws Error whose message continues the name. */
  readonly parse: (text: string) => unknown
  /** For `docs/configuration.md`. */
  readonly about: string
}

/**
 * A setting that is not set has its `default`, which `parse` reads like any other text, or is null
 * where there is none; `unset` tells readers of the documentation what null comes to.
 */
export type Setting =
  | (Row & { readonly default: string; readonly unset?: never })
  | (Row & { readonly unset: string; readonly default?: never })

export type SettingTable = Readonly<Record<string, Setting>>

/** The values of a table, by its fields. */
export type Parsed<Table extends SettingTable> = {
  readonly [Field in keyof Table]:
    | ReturnType<Table[Field]['parse']>
    | (Table[Field] extends { readonly default: string } ? never : null)
}

/** Read by `miot serve` and by the commands that work on the box. */
export const SERVER_SETTINGS = {
  host: {
    name: 'MIOT_HOST',
    default: '127.0.0.1',
    parse: parseHost,
    about:
      'IP address to listen on, or `localhost` for the first that it stands for. Anything but loopback needs TLS, or trusted proxies that terminate it.',
  },
  port: {
    name: 'MIOT_PORT',
    default: '8080',
    parse: parsePort,
    about: 'Port to listen on.',
  },
  /** Absolute. */
  dataDir: {
    name: 'MIOT_DATA_DIR',
    default: './data',
    parse: parseDirectory,
    about:
      'Where the embedded store, the encryption key and `quickstart.env` live. Made with mode 0700; refused when other users can write to it. Each instance has its own.',
  },
  database: {
    name: 'MIOT_DATABASE_URL',
    unset: 'sqlite: in the data directory',
    parse: parseDatabaseUrl,
    about:
      '`sqlite:<directory>` keeps `auth.db` and `telemetry.db` in that directory. `postgres://user:password@host:5432/database` keeps everything in that database, for one instance or many; `?sslmode=verify-full` and `&sslrootcert=<path>` turn TLS on.',
  },
  issuer: {
    name: 'MIOT_ISSUER',
    unset: '`http://localhost:<port>`, with TLS `https://localhost:<port>`',
    parse: parseIssuer,
    about:
      'The URL clients reach this server at: `iss` of every token and base of every published URL. `https`, or `http` on loopback; no path.',
  },
  apiAudience: {
    name: 'MIOT_API_AUDIENCE',
    default: 'https://iot.streamhub.cl/v1/asset/track',
    parse: parseAbsoluteUrl,
    about:
      'The audience of ModularIoT API. Set it to your API’s public URL: clients that follow RFC 9728 compare the two.',
  },
  /** What becomes of a report with a metric key nobody knows. */
  apiValidation: {
    name: 'MIOT_API_VALIDATION',
    default: 'strict',
    parse: oneOf('strict', 'lenient'),
    about:
      'What ModularIoT API does with a metric key that is neither canonical nor an extension (`x.…`): `strict` refuses the report, `lenient` keeps it and names the key in `warnings` of the answer.',
  },
  /** Milliseconds a second that one client may have; 0: no bound. */
  apiClientCpuMs: {
    name: 'MIOT_API_CLIENT_CPU',
    default: '250',
    parse: wholeNumber(0, 100_000),
    about:
      'Milliseconds of processor time a second that one client may have for large reports, batches and pages, 20 times as many at once; past that it gets 429. 250 are a quarter of a processor. `0`: no bound, where one gateway sends for everybody.',
  },
  /** Null: telemetry is kept for ever. */
  retentionDays: {
    name: 'MIOT_RETENTION_DAYS',
    default: '0',
    parse: wholeNumberOrNone(36_500),
    about:
      'For how many days telemetry is kept, by the time devices name, 1 to 36500; `0`: for ever. `miot orgs retention` sets it for one organization.',
  },
  /** Null: entries of the audit trail are kept for ever. */
  auditRetentionDays: {
    name: 'MIOT_AUDIT_RETENTION_DAYS',
    default: '0',
    parse: wholeNumberOrNone(36_500),
    about:
      'For how many days entries of the audit trail are kept, 1 to 36500; `0`: for ever. A signed checkpoint stays in place of what is cut, once a day.',
  },
  /** Null: the one in the data directory, made when missing. */
  encryptionKey: {
    name: 'MIOT_ENCRYPTION_KEY',
    unset: 'made once in `<data directory>/encryption.key`',
    parse: parseEncryptionKey,
    about:
      '32 bytes, base64url or hex. Seals signing keys and keys the digest of client secrets. Lose it and no client can log in; keep a copy apart from the database. All instances on one PostgreSQL database need the same.',
  },
  drainSeconds: {
    name: 'MIOT_DRAIN_SECONDS',
    default: '1',
    parse: parseDrainSeconds,
    about:
      'How long to go on answering after SIGTERM while `/readyz` says 503, so that balancers stop sending before the server closes. A little more than the interval of their checks; at most 20.',
  },
  jwksMaxAgeSeconds: {
    name: 'MIOT_JWKS_MAX_AGE',
    default: String(DEFAULT_JWKS_MAX_AGE_SECONDS),
    parse: wholeNumber(1, 86_400),
    about:
      'For how many seconds verifiers may keep the published keys (`Cache-Control` of `/.well-known/jwks.json`), 1 to 86400. A new key is published for twice as long before it signs.',
  },
  /** Null: never by itself. */
  keyRotationDays: {
    name: 'MIOT_KEY_ROTATION_DAYS',
    default: String(DEFAULT_KEY_ROTATION_DAYS),
    parse: wholeNumberOrNone(3650),
    about:
      'After how many days of signing a key is replaced, 1 to 3650; `0`: only by `miot keys rotate`.',
  },
  /** Absolute. */
  tlsCertFile: {
    name: 'MIOT_TLS_CERT',
    unset: 'none',
    parse: parsePemPath,
    about:
      'Path of a PEM file: the certificate chain, the server’s own first. With it the server speaks TLS (1.2 and 1.3) only. Read again when it changes. `MIOT_TLS_CERT_FILE` is a file that holds this path.',
  },
  /** Absolute. */
  tlsKeyFile: {
    name: 'MIOT_TLS_KEY',
    unset: 'none',
    parse: parsePemPath,
    about:
      'Path of a PEM file: the private key of that certificate, without a passphrase. Both or neither.',
  },
  /** Addresses and CIDR ranges. */
  trustedProxies: {
    name: 'MIOT_TRUSTED_PROXIES',
    unset: 'none',
    parse: parseTrustedProxies,
    about:
      'Addresses and CIDR ranges, separated by commas, whose `X-Forwarded-For` counts; `loopback` stands for `127.0.0.0/8,::1/128`. Name your own proxies only: what they say about a client’s address is believed.',
  },
  maxConnections: {
    name: 'MIOT_MAX_CONNECTIONS',
    default: String(CONNECTION_LIMITS.max),
    parse: wholeNumber(1, 1_000_000),
    about:
      'The most open connections, and never more than the process has descriptors for (`ulimit -n`, less 128). Past it a new connection takes the place of the one that is idle longest.',
  },
  maxConnectionsPerAddress: {
    name: 'MIOT_MAX_CONNECTIONS_PER_ADDRESS',
    default: String(CONNECTION_LIMITS.maxPerAddress),
    parse: wholeNumber(1, 1_000_000),
    about:
      'The most from one IPv4 address or one IPv6 /64, with the same rule. Addresses of `MIOT_TRUSTED_PROXIES` have no such bound.',
  },
  /** On loopback. Null: nothing is counted. */
  metricsPort: {
    name: 'MIOT_METRICS_PORT',
    default: '9464',
    parse: parseMetricsPort,
    about: 'Port of `GET /metrics` for Prometheus, on `127.0.0.1` only. `0` turns it off.',
  },
  logLevel: {
    name: 'MIOT_LOG_LEVEL',
    default: 'info',
    parse: oneOf('fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'),
    about:
      '`fatal`, `error`, `warn`, `info`, `debug`, `trace` or `silent`. Logs are JSON lines on stderr.',
  },
} as const satisfies SettingTable

/** Read by the commands that act as a client; `quickstart.env` holds exactly these. */
export const CLIENT_SETTINGS = {
  tokenUrl: {
    name: 'MIOT_TOKEN_URL',
    unset: 'none',
    parse: parseAbsoluteUrl,
    about: 'The token endpoint: `https`, or `http` on loopback.',
  },
  apiUrl: {
    name: 'MIOT_API_URL',
    unset: 'none',
    parse: parseAbsoluteUrl,
    about: 'The base URL of ModularIoT API: `https`, or `http` on loopback.',
  },
  clientId: {
    name: 'MIOT_CLIENT_ID',
    unset: 'none',
    parse: anyText,
    about: 'The client’s id.',
  },
  clientSecret: {
    name: 'MIOT_CLIENT_SECRET',
    unset: 'none',
    parse: anyText,
    about: 'The client’s secret.',
  },
  audience: {
    name: 'MIOT_AUDIENCE',
    unset: 'none',
    parse: anyText,
    about: 'The audience to ask tokens for.',
  },
} as const satisfies SettingTable

type NameIn<Table extends SettingTable> = Table[keyof Table]['name']
export type SettingName = NameIn<typeof SERVER_SETTINGS> | NameIn<typeof CLIENT_SETTINGS>

export const SETTING_NAMES: readonly SettingName[] = [
  ...Object.values(SERVER_SETTINGS),
  ...Object.values(CLIENT_SETTINGS),
].map(({ name }) => name)
