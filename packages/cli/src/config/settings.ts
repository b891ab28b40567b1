/**
 * Every setting there is: one row each, for the parser, for `docs/configuration.md` and for the message
 * that names the nearest known one. A new setting is a new row.
 */

import { CONNECTION_LIMITS } from '@modulariot/platform/http'

export interface Setting {
  readonly default: string
  readonly about: string
}

/** Read by `miot serve` and by the commands that work on the box. */
export const SERVER_SETTINGS = {
  MIOT_HOST: {
    default: '127.0.0.1',
    about:
      'IP address to listen on, or `localhost` for the first that it stands for. Anything but loopback needs TLS, or trusted proxies that terminate it.',
  },
  MIOT_PORT: { default: '8080', about: 'Port to listen on.' },
  MIOT_DATA_DIR: {
    default: './data',
    about:
      'Where the embedded store, the encryption key and `quickstart.env` live. Made with mode 0700; refused when other users can write to it. Each instance has its own.',
  },
  MIOT_DATABASE_URL: {
    default: 'sqlite: in the data directory',
    about:
      '`sqlite:<directory>` keeps `auth.db` and `telemetry.db` in that directory. `postgres://user:password@host:5432/database` keeps everything in that database, for one instance or many; `?sslmode=verify-full` and `&sslrootcert=<path>` turn TLS on.',
  },
  MIOT_ISSUER: {
    default: '`http://localhost:<port>`, with TLS `https://localhost:<port>`',
    about:
      'The URL clients reach this server at: `iss` of every token and base of every published URL. `https`, or `http` on loopback; no path.',
  },
  MIOT_API_AUDIENCE: {
    default: 'https://iot.streamhub.cl/v1/asset/track',
    about:
      'The audience of ModularIoT API. Set it to your API’s public URL: clients that follow RFC 9728 compare the two.',
  },
  MIOT_API_VALIDATION: {
    default: 'strict',
    about:
      'What ModularIoT API does with a metric key that is neither canonical nor an extension (`x.…`): `strict` refuses the report, `lenient` keeps it and names the key in `warnings` of the answer.',
  },
  MIOT_API_CLIENT_CPU: {
    default: '250',
    about:
      'Milliseconds of processor time a second that one client may have for large reports, batches and pages, 20 times as many at once; past that it gets 429. 250 are a quarter of a processor. `0`: no bound, where one gateway sends for everybody.',
  },
  MIOT_RETENTION_DAYS: {
    default: '0',
    about:
      'For how many days telemetry is kept, by the time devices name, 1 to 36500; `0`: for ever. `miot orgs retention` sets it for one organization.',
  },
  MIOT_AUDIT_RETENTION_DAYS: {
    default: '0',
    about:
      'For how many days entries of the audit trail are kept, 1 to 36500; `0`: for ever. A signed checkpoint stays in place of what is cut, once a day.',
  },
  MIOT_ENCRYPTION_KEY: {
    default: 'made once in `<data directory>/encryption.key`',
    about:
      '32 bytes, base64url or hex. Seals signing keys and keys the digest of client secrets. Lose it and no client can log in; keep a copy apart from the database. All instances on one PostgreSQL database need the same.',
  },
  MIOT_DRAIN_SECONDS: {
    default: '1',
    about:
      'How long to go on answering after SIGTERM while `/readyz` says 503, so that balancers stop sending before the server closes. A little more than the interval of their checks; at most 20.',
  },
  MIOT_JWKS_MAX_AGE: {
    default: '300',
    about:
      'For how many seconds verifiers may keep the published keys (`Cache-Control` of `/.well-known/jwks.json`), 1 to 86400. A new key is published for twice as long before it signs.',
  },
  MIOT_KEY_ROTATION_DAYS: {
    default: '90',
    about:
      'After how many days of signing a key is replaced, 1 to 3650; `0`: only by `miot keys rotate`.',
  },
  MIOT_TLS_CERT: {
    default: 'none',
    about:
      'Path of a PEM file: the certificate chain, the server’s own first. With it the server speaks TLS (1.2 and 1.3) only. Read again when it changes. `MIOT_TLS_CERT_FILE` is a file that holds this path.',
  },
  MIOT_TLS_KEY: {
    default: 'none',
    about:
      'Path of a PEM file: the private key of that certificate, without a passphrase. Both or neither.',
  },
  MIOT_TRUSTED_PROXIES: {
    default: 'none',
    about:
      'Addresses and CIDR ranges, separated by commas, whose `X-Forwarded-For` counts; `loopback` stands for `127.0.0.0/8,::1/128`. Name your own proxies only: what they say about a client’s address is believed.',
  },
  MIOT_MAX_CONNECTIONS: {
    default: String(CONNECTION_LIMITS.max),
    about:
      'The most open connections, and never more than the process has descriptors for (`ulimit -n`, less 128). Past it a new connection takes the place of the one that is idle longest.',
  },
  MIOT_MAX_CONNECTIONS_PER_ADDRESS: {
    default: String(CONNECTION_LIMITS.maxPerAddress),
    about:
      'The most from one IPv4 address or one IPv6 /64, with the same rule. Addresses of `MIOT_TRUSTED_PROXIES` have no such bound.',
  },
  MIOT_METRICS_PORT: {
    default: '9464',
    about: 'Port of `GET /metrics` for Prometheus, on `127.0.0.1` only. `0` turns it off.',
  },
  MIOT_LOG_LEVEL: {
    default: 'info',
    about:
      '`fatal`, `error`, `warn`, `info`, `debug`, `trace` or `silent`. Logs are JSON lines on stderr.',
  },
} as const satisfies Record<string, Setting>

/** Read by the commands that act as a client; `quickstart.env` holds exactly these. */
export const CLIENT_SETTINGS = {
  MIOT_TOKEN_URL: {
    default: 'none',
    about: 'The token endpoint: `https`, or `http` on loopback.',
  },
  MIOT_API_URL: {
    default: 'none',
    about: 'The base URL of ModularIoT API: `https`, or `http` on loopback.',
  },
  MIOT_CLIENT_ID: { default: 'none', about: 'The client’s id.' },
  MIOT_CLIENT_SECRET: { default: 'none', about: 'The client’s secret.' },
  MIOT_AUDIENCE: { default: 'none', about: 'The audience to ask tokens for.' },
} as const satisfies Record<string, Setting>

export type SettingName = keyof typeof SERVER_SETTINGS | keyof typeof CLIENT_SETTINGS

export const SETTING_NAMES = [
  ...Object.keys(SERVER_SETTINGS),
  ...Object.keys(CLIENT_SETTINGS),
] as readonly SettingName[]
