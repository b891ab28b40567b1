/**
 * Every setting there is: one row each, for the parser, for `docs/configuration.md` and for the message
 * that names the nearest known one. A new setting is a new row.
 */

export interface Setting {
  readonly default: string
  readonly about: string
}

/** Read by `miot serve` and by the commands that work on the box. */
export const SERVER_SETTINGS = {
  MIOT_HOST: {
    default: '127.0.0.1',
    about:
      'Address to listen on. Loopback only for now: TLS is not built in yet, so put a TLS-terminating proxy on the same machine.',
  },
  MIOT_PORT: { default: '8080', about: 'Port to listen on.' },
  MIOT_DATA_DIR: {
    default: './data',
    about:
      'Where the embedded store, the encryption key and `quickstart.env` live. Made with mode 0700.',
  },
  MIOT_DATABASE_URL: {
    default: 'sqlite: in the data directory',
    about: '`sqlite:<directory>` keeps `auth.db` and `telemetry.db` in that directory.',
  },
  MIOT_ISSUER: {
    default: 'http://localhost:<port>',
    about:
      'The URL clients reach this server at: `iss` of every token and base of every published URL. `https`, or `http` on loopback; no path.',
  },
  MIOT_API_AUDIENCE: {
    default: 'https://iot.streamhub.cl/v1/asset/track',
    about:
      'The audience of ModularIoT API. Set it to your API’s public URL: clients that follow RFC 9728 compare the two.',
  },
  MIOT_ENCRYPTION_KEY: {
    default: 'made once in `<data directory>/encryption.key`',
    about:
      '32 bytes, base64url or hex. Seals signing keys and keys the digest of client secrets. Lose it and no client can log in; keep a copy apart from the database.',
  },
  MIOT_LOG_LEVEL: {
    default: 'info',
    about:
      '`fatal`, `error`, `warn`, `info`, `debug`, `trace` or `silent`. Logs are JSON lines on stderr.',
  },
} as const satisfies Record<string, Setting>

/** Read by the commands that act as a client; `quickstart.env` holds exactly these. */
export const CLIENT_SETTINGS = {
  MIOT_TOKEN_URL: { default: 'none', about: 'The token endpoint.' },
  MIOT_API_URL: { default: 'none', about: 'The base URL of ModularIoT API.' },
  MIOT_CLIENT_ID: { default: 'none', about: 'The client’s id.' },
  MIOT_CLIENT_SECRET: { default: 'none', about: 'The client’s secret.' },
  MIOT_AUDIENCE: { default: 'none', about: 'The audience to ask tokens for.' },
} as const satisfies Record<string, Setting>

export type SettingName = keyof typeof SERVER_SETTINGS | keyof typeof CLIENT_SETTINGS

export const SETTING_NAMES = [
  ...Object.keys(SERVER_SETTINGS),
  ...Object.keys(CLIENT_SETTINGS),
] as readonly SettingName[]
