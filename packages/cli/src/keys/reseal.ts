/** `miot keys reseal`: changes the encryption key, and lists what is still under the former one. */

import { statSync } from 'node:fs'
import {
  deriveInstallationKeys,
  type RemainingSecret,
  type ResealedTwoFactors,
  remainingSecrets,
  resealSigningKeys,
  resealTwoFactors,
} from '@modulariot/auth'
import { settingText } from '@modulariot/oauth/client'
import { readMountedFileSync } from '@modulariot/platform/files'
import { assertNoUrl } from '../administration/local.ts'
import type { Context } from '../command/context.ts'
import { isCommand, keySetting } from '../config/key-command.ts'
import { type Config, filesOf } from '../config/parse-config.ts'
import { parseEncryptionKey } from '../config/parsers.ts'
import { CliError } from '../errors/cli-error.ts'
import { keyOf } from '../installation/given-keys.ts'
import { openInstallation, operatorContext, sameKey } from '../installation/open-installation.ts'
import type { Line } from '../terminal/output.ts'
import { writeError } from '../terminal/standard-streams.ts'
import { utc } from '../terminal/times.ts'

const SHOWN = 50

/** Run again, it continues where it was interrupted, and lists what remains. */
export async function reseal(
  context: Context,
  { newKeyFile: path }: { newKeyFile?: string },
): Promise<void> {
  assertNoUrl(context)
  const config = context.config()
  const newKey = await newKeyOf(config, path)
  // 1. Open the installation with the key in use until now.
  const { keys: from, store } = await openInstallation({ ...config, newEncryptionKey: null })
  try {
    const to = deriveInstallationKeys(newKey)
    assertOther(from.sealing, to.sealing, path ?? newKeySetting(config))
    const replacement = { from, to, issuer: config.issuer }
    const admin = operatorContext(store, to)
    // 2. Seal the signing keys, which is what changes the key in use.
    const signing_keys = await resealSigningKeys(replacement, admin)
    const { resealed, total } = signing_keys
    writeError(`signing keys: ${resealed} sealed with the new key now, ${total} in all\n`)
    // 3. Encrypt the second factors of persons with it.
    const second_factors = await resealTwoFactors({ from: from.accounts, to: to.accounts }, store)
    if (second_factors.total > 0) writeError(secondFactorsText(second_factors))
    // 4. Find what a login has to move.
    const remaining = await remainingSecrets(replacement, admin, progress())
    context.output.print({ signing_keys, second_factors, remaining }, () => [
      `All signing keys (${total}) are sealed with the new key, and every instance uses it within a second.`,
      '',
      ...(remaining.length === 0 ? finish(config, path) : listing(context.output.table, remaining)),
    ])
  } finally {
    await store.close()
  }
}

function secondFactorsText({ resealed, total, unreadable }: ResealedTwoFactors): string {
  const lost =
    unreadable === 0 ? '' : `, ${unreadable} with neither key: these persons set up a new one`
  return `second factors: ${resealed} encrypted with the new key now, ${total} in all${lost}\n`
}

const newKeySetting = ({ newEncryptionKey }: Config): string =>
  keySetting(newEncryptionKey, 'MIOT_NEW_ENCRYPTION_KEY')

/** From the file; without one, from the setting. They must not differ. */
async function newKeyOf(config: Config, path: string | undefined): Promise<Uint8Array> {
  const fromFile = path === undefined ? null : readNewKey(path)
  const fromSetting = await keyOf(config.newEncryptionKey)
  const key = fromFile ?? fromSetting
  if (key === null) {
    throw new CliError(
      'usage',
      'There is no new key: give --new-key-file FILE, or set MIOT_NEW_ENCRYPTION_KEY',
    )
  }
  // Instances with another new key could not open what is sealed now.
  if (fromSetting === null || sameKey(fromSetting, key)) return key
  throw new CliError(
    'usage',
    `${path} and ${newKeySetting(config)} hold different keys: give every instance the same new key`,
  )
}

/** @throws CliError usage when the file does not hold a key that only we can read. */
function readNewKey(path: string): Uint8Array {
  let text: string
  try {
    text = settingText(readMountedFileSync(path).toString('utf8'))
    if (process.platform !== 'win32' && (statSync(path).mode & 0o004) !== 0) {
      throw new Error(`${path} can be read by every user: chmod o-r ${path}, or make another key`)
    }
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    throw new CliError(
      'usage',
      code === undefined ? message : `--new-key-file: cannot read ${path} (${code})`,
    )
  }
  try {
    return parseEncryptionKey(text)
  } catch (error) {
    throw new CliError('usage', `${path}: the key ${(error as Error).message}`)
  }
}

/** The derived keys are equal exactly if the encryption keys are. */
function assertOther(from: Uint8Array, to: Uint8Array, source: string): void {
  if (!sameKey(from, to)) return
  throw new CliError(
    'usage',
    `${source} holds the encryption key that this installation has already: create a new one, such as with ` +
      'openssl rand -hex 32. To see what remains of an earlier change, set MIOT_ENCRYPTION_KEY to the former key',
  )
}

function listing(table: Context['output']['table'], remaining: readonly RemainingSecret[]): Line[] {
  const rows = remaining.slice(0, SHOWN).map((one) => {
    const used = one.last_used_at === null ? 'never' : utc(one.last_used_at)
    return [one.client_name, one.label, used, one.secret_id, one.client_id]
  })
  const more = remaining.length - rows.length
  return [
    `Secrets still under the former key: ${remaining.length}`,
    ...table(['NAME', 'LABEL', 'LAST USED', 'SECRET ID', 'CLIENT ID'], rows),
    ...(more > 0 ? [`and ${more} more; --json lists all`] : []),
    '',
    'Each moves to the new key when it is used next. One that is not used any more does not: run',
    'miot secrets rotate CLIENT, or miot secrets revoke CLIENT SECRET.',
    'Keep both keys on every instance until this command, run again, finds none. Without the former key',
    'the secrets above are refused.',
  ]
}

function finish(config: Config, path: string | undefined): Line[] {
  return [
    'No secret is under the former key. To finish, on each instance in turn:',
    `  1. ${useNewKey(config, path)}`,
    `  2. remove ${newKeySetting(config)}, and restart the instance`,
    'Keep the former key as long as you keep backups from before the change.',
  ]
}

function useNewKey(config: Config, path: string | undefined): string {
  if (isCommand(config.encryptionKey) || isCommand(config.newEncryptionKey)) {
    return 'let MIOT_ENCRYPTION_KEY_COMMAND print the new key'
  }
  if (config.encryptionKey !== null || path === undefined) {
    return 'set MIOT_ENCRYPTION_KEY to the new key'
  }
  return `install -m 600 ${path} ${filesOf(config).encryptionKey}`
}

const SHOW_EVERY_MS = 1000

/** At most one line per second on stderr, for many clients. */
function progress(): (clients: number) => void {
  let shownAt = performance.now()
  return (clients) => {
    if (performance.now() - shownAt < SHOW_EVERY_MS) return
    shownAt = performance.now()
    writeError(`clients checked: ${clients}\n`)
  }
}
