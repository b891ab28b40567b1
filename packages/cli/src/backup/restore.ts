/** `miot restore`: puts a backup where an installation belongs, and checks it before it counts. */

import { rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { deriveInstallationKeys, EncryptionKeys } from '@modulariot/auth'
import { SealBroken } from '@modulariot/auth/values'
import { assertOwnDirectory, assertPrivateFile } from '@modulariot/platform/files'
import { assertNoUrl } from '../administration/local.ts'
import type { Context } from '../command/context.ts'
import { displayName } from '../config/database.ts'
import { isCommand, keySetting } from '../config/key-command.ts'
import { type Config, filesOf } from '../config/parse-config.ts'
import { parseEncryptionKey } from '../config/parsers.ts'
import type { Environment } from '../config/read-settings.ts'
import { CliError } from '../errors/cli-error.ts'
import { readPrivateFile } from '../files/private-file.ts'
import { withKeys } from '../installation/given-keys.ts'
import { utc } from '../terminal/times.ts'
import { adviceAfter } from './advice.ts'
import { assertSpace, copyDurably, withUnfinished } from './durable-files.ts'
import { MANIFEST, type Manifest, readManifest } from './manifest.ts'
import { prepareTargets } from './restore-targets.ts'
import { verifyStores } from './verify-stores.ts'

/** @throws CliError; the data directory is then as empty as before. */
export async function restore(context: Context, env: Environment, given: string): Promise<void> {
  assertNoUrl(context)
  const config = context.config()
  const directory = resolve(given)
  // 1. Is it a backup for this kind of database?
  const manifest = readManifest(directory)
  assertSameKind(manifest, config)
  assertOwnDirectory(directory)
  // Before the copies, which take long: a command that prints the key may fail.
  const set = await withKeys(config)
  // 2. Is there room for it?
  const targets = prepareTargets(config, manifest)
  const { unfinished } = targets
  await withUnfinished(unfinished, async () => {
    const bytes = manifest.files.reduce((sum, file) => sum + file.bytes, 0)
    assertSpace(unfinished, bytes)
    // 3. Copy every file, and compare the copies with the checksums.
    for (const file of manifest.files) {
      const from = join(directory, file.name)
      assertPrivateFile(from)
      assertSum(from, file, copy(from, join(unfinished, file.name)))
    }
    // 4. Check what they hold, before it is an installation.
    const keys = new EncryptionKeys(
      deriveInstallationKeys(set.encryptionKey ?? keyFromFile(config, manifest, unfinished)),
      set.newEncryptionKey === null ? null : deriveInstallationKeys(set.newEncryptionKey),
    )
    const stores =
      manifest.database === 'sqlite'
        ? verifySqlite(config, manifest, unfinished, keys)
        : restorePostgres(config, manifest, env, unfinished, keys)
    await stores.catch((error: unknown) => {
      throw error instanceof SealBroken ? wrongKey(config, manifest) : error
    })
  })
  // 5. Move them into place. A crash here leaves the directory "unfinished", and no server starts.
  const setAside = targets.publish()
  rmSync(unfinished, { recursive: true, force: true })
  print(context, config, directory, manifest, setAside)
}

function assertSameKind({ database }: Manifest, config: Config): void {
  if (database === config.database.kind) return
  const remedy =
    database === 'postgres'
      ? 'set MIOT_DATABASE_URL to an empty database'
      : 'unset MIOT_DATABASE_URL, and use miot copy afterwards'
  throw new CliError('usage', `This is a backup of ${TITLES[database]}: ${remedy}`)
}

const TITLES = { sqlite: 'the embedded database', postgres: 'PostgreSQL' } as const

function copy(from: string, to: string) {
  try {
    return copyDurably(from, to)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code !== 'ENOENT') throw new CliError('failure', `${from} cannot be copied: ${message}`)
    throw new CliError('failure', `${from} is missing: use another backup`)
  }
}

function assertSum(
  path: string,
  expected: { bytes: number; sha256: string },
  found: { bytes: number; sha256: string },
): void {
  if (found.sha256 === expected.sha256 && found.bytes === expected.bytes) return
  throw new CliError(
    'failure',
    `${path} is not what was backed up (its checksum differs from ${MANIFEST}): use another backup`,
  )
}

/** The key that a server without the setting would use. */
function keyFromFile(config: Config, manifest: Manifest, unfinished: string): Uint8Array {
  const { encryptionKey: place } = filesOf(config)
  const included = manifest.encryption_key === 'included'
  const text = readPrivateFile(included ? join(unfinished, 'encryption.key') : place)
  if (text === null) {
    throw new CliError(
      'failure',
      `This backup has no encryption key: put it into ${place} (chmod 600), or set MIOT_ENCRYPTION_KEY`,
    )
  }
  try {
    return parseEncryptionKey(text.trim())
  } catch (error) {
    throw new CliError('failure', `encryption.key: the key ${(error as Error).message}`)
  }
}

function wrongKey(config: Config, { encryption_key }: Manifest): CliError {
  const included = encryption_key === 'included'
  const { encryptionKey: given } = config
  const setting = keySetting(given)
  const right = isCommand(given) ? `let ${setting} print that key` : `set ${setting} to that key`
  const remedy =
    given !== null
      ? `${included ? `unset ${setting}` : right}, and restore again`
      : included
        ? 'if the key was being changed, set MIOT_NEW_ENCRYPTION_KEY to the new one, and restore again; else use another backup'
        : `put that key into ${filesOf(config).encryptionKey}, and restore again`
  return new CliError(
    'failure',
    `The encryption key is not the one that the signing keys in the backup were sealed with: ${remedy}`,
  )
}

async function verifySqlite(
  config: Config,
  manifest: Manifest,
  directory: string,
  keys: EncryptionKeys,
): Promise<void> {
  const { damageIn } = await import('@modulariot/platform/backup')
  for (const name of ['auth.db', 'telemetry.db']) {
    const damage = damageIn(join(directory, name), 'integrity_check')
    if (damage === null) continue
    throw new CliError(
      'failure',
      `${name} in the backup is damaged (${damage}): use another backup`,
    )
  }
  await verifyStores({ kind: 'sqlite', directory }, manifest, keys, config.issuer)
}

async function restorePostgres(
  config: Config,
  manifest: Manifest,
  env: Environment,
  directory: string,
  keys: EncryptionKeys,
): Promise<void> {
  const { database } = config
  if (database.kind !== 'postgres') return
  const dump = join(directory, 'postgres.dump')
  await (await import('./postgres-restore.ts')).restoreDump(database, env, dump)
  rmSync(dump)
  try {
    await verifyStores(database, manifest, keys, config.issuer)
  } catch (error) {
    const cause = error instanceof SealBroken ? wrongKey(config, manifest) : (error as Error)
    throw new CliError('failure', [
      cause.message,
      `${displayName(database)} holds the restored data: drop that database before another attempt`,
    ])
  }
}

function print(
  context: Context,
  config: Config,
  directory: string,
  manifest: Manifest,
  setAside: readonly string[],
): void {
  const advice = adviceAfter(manifest, config)
  const { created_at, trail, schemas } = manifest
  const database = displayName(config.database)
  const answer = { directory, database, created_at, trail, schemas, set_aside: setAside, advice }
  context.output.print(answer, () => [
    `Restored the backup of ${utc(created_at)} into ${database}.`,
    'Checksums, databases, the encryption key and the audit trail are intact' +
      (trail === null ? '.' : ` (up to row ${trail.seq}).`),
    ...setAside.map((path) => `Set aside, from an earlier database: ${path}`),
    '',
    ...advice,
  ])
}
