/**
 * All settings, one row each. The fields of `Config`, parsing, `docs/configuration.md` and the
 * suggestions for misspelt names derive from the rows. A new setting is a new row.
 *
 * Those of keys are in key-settings.ts, those of persons in people-settings.ts; rules over several
 * settings are in parse-config.ts.
 */

import { CONNECTION_LIMITS } from '@modulariot/platform/connection-limits'
import { parseCorsOrigins } from './cors-origins.ts'
import { parseDatabaseUrl } from './database.ts'
import { KEY_SETTINGS } from './key-settings.ts'
import {
  anyText,
  oneOf,
  parseAbsoluteUrl,
  parseAddressRanges,
  parseDirectory,
  parseDrainSeconds,
  parseHost,
  parseIssuer,
  parseMetricsPort,
  parsePemPath,
  parsePort,
  wholeNumber,
  wholeNumberOrNone,
} from './parsers.ts'
import { PEOPLE_SETTINGS } from './people-settings.ts'
import type { SettingTable } from './setting.ts'
import { parseTrustedProxies } from './trusted-proxies.ts'
import { parseWorkers } from './workers.ts'

/** Read by `miot serve` and by the commands that run on the server's machine. */
export const SERVER_SETTINGS = {
  host: {
    name: 'MIOT_HOST',
    default: '127.0.0.1',
    parse: parseHost,
    about:
      'IP address to listen on, or `localhost` for its first address. Any address but loopback needs TLS, or trusted proxies that terminate it.',
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
      'Directory of the embedded store, the encryption key and `quickstart.env`. Created with mode 0700; refused when other users can write to it. Each instance needs its own.',
  },
  database: {
    name: 'MIOT_DATABASE_URL',
    unset: 'sqlite: in the data directory',
    parse: parseDatabaseUrl,
    about:
      '`sqlite:<directory>` stores `auth.db` and `telemetry.db` in that directory. `postgres://user:password@host:5432/database` stores everything in that database, for one instance or many. Its parameters are `sslmode` (`verify-full` turns TLS on; [scaling.md](scaling.md) has them all), `sslrootcert`, `sslcert`, `sslkey`, `sslnegotiation`, `connect_timeout` in seconds, `host`, `port`, `user` and `password`; any other is refused.',
  },
  issuer: {
    name: 'MIOT_ISSUER',
    unset: '`http://localhost:<port>`, with TLS `https://localhost:<port>`',
    parse: parseIssuer,
    about:
      'The URL at which clients reach this server: `iss` of every token and base of every published URL. `https`, or `http` on loopback; no path.',
  },
  apiAudience: {
    name: 'MIOT_API_AUDIENCE',
    default: 'https://iot.streamhub.cl/v1/asset/track',
    parse: parseAbsoluteUrl,
    about:
      'The audience of ModularIoT API. Set it to your API’s public URL: clients that follow RFC 9728 compare the two.',
  },
  /** Whether reports are accepted that are not as documented. */
  apiValidation: {
    name: 'MIOT_API_VALIDATION',
    default: 'strict',
    parse: oneOf('strict', 'lenient'),
    about:
      'What ModularIoT API accepts. `strict`: reports as documented. `lenient`: also what devices and webhooks send that cannot be changed: a metric key that is neither canonical nor an extension (`x.…`), which is stored and listed under `warnings`; a request without `X-Request-Id` or `X-Request-Timestamp`, stored once by its content; and metrics in the flat shape (`device_id`, `metrics` as an array).',
  },
  /** Milliseconds per second for one client; 0: no limit. */
  apiClientCpuMs: {
    name: 'MIOT_API_CLIENT_CPU',
    default: '250',
    parse: wholeNumber(0, 100_000),
    about:
      'Processor time, in milliseconds per second, that one client may use for large reports, batches and pages, with bursts of up to 20 times as much; beyond that it gets 429. 250 is a quarter of a processor. `0`: no limit, for an installation where one gateway sends all reports.',
  },
  clientMemoryMib: {
    name: 'MIOT_CLIENT_MEMORY',
    default: '256',
    parse: wholeNumber(1, 4096),
    about:
      'Memory in MiB for the clients that have logged in, so that their next logins read no database, and work while it is away. A client takes about 155 bytes, a million 155 MB; none is taken before they log in. Beyond it the clients read first are read again. Each of several workers (`MIOT_WORKERS`) may take it.',
  },
  /** Null: telemetry is kept forever. */
  retentionDays: {
    name: 'MIOT_RETENTION_DAYS',
    default: '0',
    parse: wholeNumberOrNone(36_500),
    about:
      'How many days telemetry is kept, counted from the time in the report, 1 to 36500; `0`: forever. `miot orgs retention` sets it for one organization.',
  },
  /** Null: entries of the audit trail are kept forever. */
  auditRetentionDays: {
    name: 'MIOT_AUDIT_RETENTION_DAYS',
    default: '0',
    parse: wholeNumberOrNone(36_500),
    about:
      'How many days entries of the audit trail are kept, 1 to 36500; `0`: forever. Once a day, a signed checkpoint replaces older entries.',
  },
  activityRetentionDays: {
    name: 'MIOT_ACTIVITY_RETENTION_DAYS',
    default: '30',
    parse: wholeNumber(1, 3650),
    about:
      'How many days refused requests, and the counts of tokens and refusals over time, are kept for people to look at, 1 to 3650.',
  },
  ...KEY_SETTINGS,
  quickstart: {
    name: 'MIOT_QUICKSTART',
    default: 'on',
    parse: oneOf('on', 'off'),
    about:
      'Whether the first start creates an organization with a client, prints its secret and writes it to `quickstart.env`. `off`: it creates neither, so no secret is in the output ([install.md](install.md)); `miot orgs create` and `miot clients create` do.',
  },
  workers: {
    name: 'MIOT_WORKERS',
    default: '1',
    parse: parseWorkers,
    about:
      'How many equal processes serve the port ([scaling.md](scaling.md#every-core-of-one-machine)): a whole number up to 128, or `auto`, one for each core. With 1, one process does everything; with more, another process supervises them. `miot serve --workers` overrides it.',
  },
  drainSeconds: {
    name: 'MIOT_DRAIN_SECONDS',
    default: '1',
    parse: parseDrainSeconds,
    about:
      'Seconds to keep answering after SIGTERM while `/readyz` returns 503, so that load balancers stop sending before the server closes. Set a little more than the interval of their health checks; at most 20.',
  },
  /** Absolute. */
  tlsCertFile: {
    name: 'MIOT_TLS_CERT',
    unset: 'none',
    parse: parsePemPath,
    about:
      'Path of a PEM file with the certificate chain, the server’s own certificate first. The server then accepts TLS only (1.2 and 1.3). Read again when it changes. `MIOT_TLS_CERT_FILE` is a file that holds this path.',
  },
  /** Absolute. */
  tlsKeyFile: {
    name: 'MIOT_TLS_KEY',
    unset: 'none',
    parse: parsePemPath,
    about:
      'Path of a PEM file with the private key of that certificate, without a passphrase. Set both or neither.',
  },
  /** Addresses and CIDR ranges. */
  trustedProxies: {
    name: 'MIOT_TRUSTED_PROXIES',
    unset: 'none',
    parse: parseTrustedProxies,
    about:
      'Addresses and CIDR ranges, separated by commas, whose `X-Forwarded-For` counts; `loopback` stands for `127.0.0.0/8,::1/128`. List only your own proxies: the server trusts the client addresses they report.',
  },
  jwksUriNetworks: {
    name: 'MIOT_JWKS_URI_NETWORKS',
    unset: 'public addresses only',
    parse: parseAddressRanges,
    about:
      'Addresses and CIDR ranges, separated by commas, from which the keys of clients (`jwks_uri`) may be fetched although they are not public, such as the service network of a Kubernetes cluster.',
  },
  /** Exact. */
  corsOrigins: {
    name: 'MIOT_CORS_ORIGINS',
    unset: 'none',
    parse: parseCorsOrigins,
    about:
      'Origins, separated by commas, whose web pages may call the login, ModularIoT API and the admin API (CORS): exactly as browsers send them, such as `https://app.example.com`. `http` on loopback only; no wildcards. Public documents are open to all pages anyway.',
  },
  ...PEOPLE_SETTINGS,
  maxConnections: {
    name: 'MIOT_MAX_CONNECTIONS',
    default: String(CONNECTION_LIMITS.max),
    parse: wholeNumber(1, 1_000_000),
    about:
      'Maximum number of open connections, and never more than the process has descriptors for (`ulimit -n`, less 128). Beyond it, a new connection replaces the one that has been idle longest.',
  },
  maxConnectionsPerAddress: {
    name: 'MIOT_MAX_CONNECTIONS_PER_ADDRESS',
    default: String(CONNECTION_LIMITS.maxPerAddress),
    parse: wholeNumber(1, 1_000_000),
    about:
      'Maximum number of connections from one IPv4 address or one IPv6 /64, with the same rule. Addresses in `MIOT_TRUSTED_PROXIES` have no such limit.',
  },
  /** On loopback. Null: no metrics. */
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
      '`fatal`, `error`, `warn`, `info`, `debug`, `trace` or `silent`. Logs go to stderr: lines to read on a terminal, JSON lines otherwise.',
  },
} as const satisfies SettingTable

/** Read by the commands that act as a client; `quickstart.env` contains exactly these. */
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
    about: 'The audience to request tokens for.',
  },
} as const satisfies SettingTable

type NameIn<Table extends SettingTable> = Table[keyof Table]['name']
export type SettingName = NameIn<typeof SERVER_SETTINGS> | NameIn<typeof CLIENT_SETTINGS>

export const SETTING_NAMES: readonly SettingName[] = [
  ...Object.values(SERVER_SETTINGS),
  ...Object.values(CLIENT_SETTINGS),
].map(({ name }) => name)
