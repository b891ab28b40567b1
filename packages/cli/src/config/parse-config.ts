/** Turns an environment into one frozen configuration. Pure: files are read by `readFile`. */

import { join } from 'node:path'
import {
  adminAudience,
  feedAudience,
  type KeyPolicy,
  keyPolicy,
  type MailSettings,
} from '@modulariot/auth/values'
import type { TlsFiles } from '@modulariot/platform/http'
import type { Database } from './database.ts'
import { type GivenKey, givenCommand, givenKey, type KeyCommand } from './key-command.ts'
import { isLoopback } from './parsers.ts'
import { ConfigError, type Environment, readSettings, type Values } from './read-settings.ts'
import { serviceLinks } from './service-links.ts'
import type { Parsed, Setting, SettingTable } from './setting.ts'
import { CLIENT_SETTINGS, SERVER_SETTINGS, type SettingName } from './settings.ts'

type ServerSettings = Parsed<typeof SERVER_SETTINGS>

/** Settings that `combine` replaces, or whose default depends on other settings. */
type Combined =
  | 'corsOrigins'
  | 'database'
  | 'encryptionKey'
  | 'encryptionKeyCommand'
  | 'issuer'
  | 'jwksUriNetworks'
  | 'keyRotationDays'
  | 'mailFrom'
  | 'newEncryptionKey'
  | 'newEncryptionKeyCommand'
  | 'smtp'
  | 'signerCommand'
  | 'signingKeys'
  | 'tlsCertFile'
  | 'tlsKeyFile'
  | 'trustedProxies'

export interface Config extends Omit<ServerSettings, Combined> {
  readonly database: Database
  /** Null: the key in the data directory, created when missing. */
  readonly encryptionKey: GivenKey
  /** Null: the encryption key is not being changed. */
  readonly newEncryptionKey: GivenKey
  /** The external signer. Null: all signing keys are in the store. */
  readonly signer: KeyCommand | null
  readonly issuer: string
  /** Null: no messages are sent. */
  readonly mail: MailSettings | null
  readonly keyPolicy: KeyPolicy
  /** Absolute paths of PEM files. Null: plaintext. */
  readonly tls: TlsFiles | null
  /** Addresses and CIDR ranges. */
  readonly trustedProxies: readonly string[]
  /** Addresses and CIDR ranges. */
  readonly jwksUriNetworks: readonly string[]
  /** Origins whose pages may call this server. */
  readonly corsOrigins: readonly string[]
  /** Variables of Kubernetes that are named like settings, and ignored. */
  readonly serviceLinks: readonly string[]
  /** Settings of commands that act as a client; `quickstart.env` has the rest. */
  readonly client: Parsed<typeof CLIENT_SETTINGS>
}

/** @throws ConfigError with every fault at once, each naming its setting. */
export function parseConfig(env: Environment, readFile: (path: string) => string): Config {
  // 1. Collect the settings that are set.
  const values = readSettings(env, readFile)
  // 2. Parse each by its row.
  const faults: string[] = []
  const server = parseTable(SERVER_SETTINGS, values, faults)
  const client = parseTable(CLIENT_SETTINGS, values, faults)
  // 3. Derive what depends on several.
  const config: Config = { ...combine(server, env), client, serviceLinks: [...serviceLinks(env)] }
  // 4. Check for contradictions.
  faults.push(...contradictions(config, values))
  if (faults.length > 0) throw new ConfigError(faults)
  return Object.freeze(config)
}

function parseTable<Table extends SettingTable>(
  table: Table,
  values: Values,
  faults: string[],
): Parsed<Table> {
  const parsed = Object.entries(table).map(([field, setting]) => [
    field,
    parseSetting(setting, values[setting.name as SettingName], faults),
  ])
  return Object.fromEntries(parsed) as Parsed<Table>
}

/** An invalid text adds a fault and counts as not set, so that the rest is checked too. */
function parseSetting(setting: Setting, text: string | undefined, faults: string[]): unknown {
  try {
    if (text !== undefined) return setting.parse(text)
  } catch (error) {
    faults.push(`${setting.name} ${(error as Error).message}`)
  }
  return setting.default === undefined ? null : setting.parse(setting.default)
}

/** Derives values from several settings. */
function combine(
  settings: ServerSettings,
  env: Environment,
): Omit<Config, 'client' | 'serviceLinks'> {
  const { tlsCertFile: certFile, tlsKeyFile: keyFile, keyRotationDays, ...withMail } = settings
  const { smtp, mailFrom, ...rest } = withMail
  const { encryptionKeyCommand, newEncryptionKeyCommand, ...others } = rest
  const { encryptionKey, newEncryptionKey, signerCommand, signingKeys, ...plain } = others
  const newKeys = signerCommand === null ? null : (signingKeys ?? 'signer')
  const tls = certFile !== null && keyFile !== null ? { certFile, keyFile } : null
  return {
    ...plain,
    encryptionKey: givenKey(
      encryptionKey,
      encryptionKeyCommand,
      'MIOT_ENCRYPTION_KEY_COMMAND',
      env,
    ),
    newEncryptionKey: givenKey(
      newEncryptionKey,
      newEncryptionKeyCommand,
      'MIOT_NEW_ENCRYPTION_KEY_COMMAND',
      env,
    ),
    signer: signerCommand && givenCommand(signerCommand, 'MIOT_SIGNER_COMMAND', env),
    database: others.database ?? { kind: 'sqlite', directory: others.dataDir },
    issuer: others.issuer ?? `${tls ? 'https' : 'http'}://localhost:${others.port}`,
    mail: smtp !== null && mailFrom !== null ? { ...smtp, from: mailFrom } : null,
    tls,
    trustedProxies: others.trustedProxies ?? [],
    jwksUriNetworks: others.jwksUriNetworks ?? [],
    corsOrigins: others.corsOrigins ?? [],
    keyPolicy: keyPolicy(others.jwksMaxAgeSeconds, keyRotationDays, newKeys),
  }
}

/**
 * Settings that are valid alone but not together. A setting that was already refused gets no second
 * fault.
 */
function contradictions(config: Config, values: Values): string[] {
  const { host, tls, issuer, apiAudience } = config
  const { MIOT_TLS_CERT, MIOT_TLS_KEY, MIOT_TRUSTED_PROXIES } = values
  const faults: string[] = []
  for (const name of ['MIOT_ENCRYPTION_KEY', 'MIOT_NEW_ENCRYPTION_KEY'] as const) {
    if (!values[name] || !values[`${name}_COMMAND`]) continue
    faults.push(`${name} (or ${name}_FILE) and ${name}_COMMAND are both set; set one of them`)
  }
  if (Boolean(values.MIOT_SMTP_URL) !== Boolean(values.MIOT_MAIL_FROM)) {
    faults.push('MIOT_SMTP_URL and MIOT_MAIL_FROM need each other: set both or neither')
  }
  if (values.MIOT_SIGNING_KEYS === 'signer' && !values.MIOT_SIGNER_COMMAND) {
    faults.push('MIOT_SIGNING_KEYS is signer, and there is none: set MIOT_SIGNER_COMMAND')
  }
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
      `MIOT_HOST ${host} can be reached from other machines, and secrets must not be sent in plaintext: ` +
        'set MIOT_TLS_CERT and MIOT_TLS_KEY, or MIOT_TRUSTED_PROXIES to the addresses of the proxies that terminate TLS',
    )
  }
  if (tls !== null && !issuer.startsWith('https:')) {
    faults.push('MIOT_ISSUER must be an https URL, since MIOT_TLS_CERT turns TLS on')
  }
  if ([adminAudience(issuer), feedAudience(issuer)].includes(apiAudience)) {
    faults.push('MIOT_API_AUDIENCE is the audience of an API of this server; choose another')
  }
  return faults
}

/** Paths of the files in the data directory. */
export const filesOf = (config: Pick<Config, 'dataDir'>) => ({
  encryptionKey: join(config.dataDir, 'encryption.key'),
  quickstart: join(config.dataDir, 'quickstart.env'),
  auditCheckpoints: join(config.dataDir, 'audit-checkpoints.ndjson'),
})
