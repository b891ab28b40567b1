/**
 * Whether the encryption key of this machine opens the signing keys in a backup. With another key,
 * the backup could not be restored, and the mistake would be noticed when it is needed.
 *
 * A command that prints the key is not run: backups run every night, and a KMS counts its uses.
 */

import { deriveInstallationKeys, EncryptionKeys } from '@modulariot/auth'
import { SealBroken } from '@modulariot/auth/values'
import { isCommand, keySetting } from '../config/key-command.ts'
import { type Config, filesOf } from '../config/parse-config.ts'
import { parseEncryptionKey } from '../config/parsers.ts'
import { CliError } from '../errors/cli-error.ts'
import { readPrivateFile } from '../files/private-file.ts'

export type SealedKeys = readonly { readonly kid: string; readonly sealed: string }[]

/** `not_checked`: a command prints the key, or it is not on this machine. */
export type KeyCheck = 'opens' | 'not_checked'

/** @throws CliError when the key at hand does not open one of them. */
export async function checkKey(config: Config, sealed: SealedKeys): Promise<KeyCheck> {
  const { encryptionKey: given, newEncryptionKey: next } = config
  if (isCommand(given) || isCommand(next)) return 'not_checked'
  const key = given ?? keyFromFile(config)
  if (key === null) return 'not_checked'
  const keys = new EncryptionKeys(
    deriveInstallationKeys(key),
    next === null ? null : deriveInstallationKeys(next),
  )
  try {
    for (const one of sealed) await keys.open(one)
    return 'opens'
  } catch (error) {
    if (error instanceof SealBroken) throw wrongKey(config)
    throw error
  }
}

/** Null: there is no file. @throws CliError when it holds no key. */
function keyFromFile(config: Config): Uint8Array | null {
  const text = readPrivateFile(filesOf(config).encryptionKey)
  try {
    return text === null ? null : parseEncryptionKey(text.trim())
  } catch {
    throw wrongKey(config)
  }
}

function wrongKey(config: Config): CliError {
  const { encryptionKey: given } = config
  const place = given === null ? filesOf(config).encryptionKey : keySetting(given)
  return new CliError(
    'failure',
    `The key of ${place} does not open the signing keys, so this backup was not kept: set MIOT_ENCRYPTION_KEY to the ` +
      'key that miot serve has, and MIOT_NEW_ENCRYPTION_KEY while the key is being changed',
  )
}
