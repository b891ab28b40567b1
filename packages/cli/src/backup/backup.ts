/** `miot backup`: a consistent copy of the installation on this machine. */

import { existsSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { assertOwnDirectory, assertPrivateFile } from '@modulariot/platform/files'
import { assertNoUrl } from '../administration/local.ts'
import type { Context } from '../command/context.ts'
import { keySetting } from '../config/key-command.ts'
import { type Config, filesOf } from '../config/parse-config.ts'
import type { Environment } from '../config/read-settings.ts'
import { createPrivateFile } from '../files/private-file.ts'
import { utc } from '../terminal/times.ts'
import { copyDurably, syncAndSum } from './durable-files.ts'
import { checkKey, type KeyCheck } from './key-check.ts'
import { type BackupFile, type FileSum, MANIFEST, type Manifest, manifestText } from './manifest.ts'
import { writeDirectory } from './new-directory.ts'
import { createProgress } from './progress.ts'
import type { BackupSource } from './source.ts'

export interface BackupOptions {
  readonly directory: string
  readonly withoutKey: boolean
  /** Version of this program. */
  readonly program: string
}

/** @throws CliError */
export async function backup(
  context: Context,
  env: Environment,
  { directory, withoutKey, program }: BackupOptions,
): Promise<void> {
  assertNoUrl(context)
  const config = context.config()
  const path = resolve(directory)
  const source = await openSource(config, env)
  const { key_check, manifest } = await writeDirectory(path, async (unfinished) => {
    // 1. The small files. Checkpoints come before the trail that they are about: a checkpoint newer
    //    than the copied trail would count as evidence against it.
    const files = copySmallFiles(config, unfinished, withoutKey)
    // 2. The stores.
    const created_at = new Date().toISOString()
    const { schemas, trail, names, sealed } = await source.copy(unfinished)
    for (const name of names) files.push({ name, ...syncAndSum(join(unfinished, name)) })
    const key_check = await checkKey(config, sealed)
    // 3. The manifest, last.
    const { issuer } = config
    const encryption_key = keyPlace(config, files)
    const database = config.database.kind
    const parts = { program, created_at, issuer, database, schemas, trail, encryption_key, files }
    createPrivateFile(join(unfinished, MANIFEST), manifestText(parts))
    return { key_check, manifest: parts }
  })
  const answer = { directory: path, ...manifest, key_check }
  context.output.print(answer, () => [
    ...sentences(path, manifest, config),
    KEY_CHECK_SENTENCES[key_check],
  ])
}

async function openSource(config: Config, env: Environment): Promise<BackupSource> {
  const { database } = config
  if (database.kind === 'sqlite') {
    return (await import('./sqlite-backup.ts')).sqliteSource(database.directory, createProgress())
  }
  return (await import('./postgres-backup.ts')).postgresSource(database, env)
}

/** Kept apart from the databases with `--without-key`: they are secrets in clear text. */
const SECRETS = ['encryptionKey', 'quickstart'] as const

function copySmallFiles(config: Config, directory: string, withoutKey: boolean): FileSum[] {
  const { auditCheckpoints, ...secrets } = filesOf(config)
  const paths = [auditCheckpoints, ...(withoutKey ? [] : SECRETS.map((name) => secrets[name]))]
  if (existsSync(config.dataDir)) assertOwnDirectory(config.dataDir)
  return paths
    .filter((path) => !(path === secrets.encryptionKey && config.encryptionKey !== null))
    .filter((path) => existsSync(path))
    .map((path) => {
      assertPrivateFile(path)
      const name = basename(path) as BackupFile
      return { name, ...copyDurably(path, join(directory, name)) }
    })
}

function keyPlace(config: Config, files: readonly FileSum[]): Manifest['encryption_key'] {
  if (config.encryptionKey !== null) return 'setting'
  return files.some(({ name }) => name === 'encryption.key') ? 'included' : 'left_out'
}

function sentences(
  path: string,
  { created_at, files, trail, encryption_key }: Omit<Manifest, 'format'>,
  config: Config,
): string[] {
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0)
  const size = `${files.length} files, ${(bytes / 1024 ** 2).toFixed(1)} MiB`
  const secrets = files
    .map(({ name }) => name as string)
    .filter((name) => ['encryption.key', 'quickstart.env'].includes(name))
  const victims = secrets.includes('encryption.key') ? 'every client' : 'the first client'
  return [
    `Backup of ${utc(created_at)} in ${path}: ${size}.`,
    trail === null ? 'Its audit trail is empty.' : `Audit trail up to ${trail.seq}:${trail.hash}`,
    '',
    ...(secrets.length > 0
      ? [`SECRET: it holds ${secrets.join(' and ')}. A reader of it can act as ${victims}.`]
      : []),
    ...KEY_SENTENCES[encryption_key](
      filesOf(config).encryptionKey,
      keySetting(config.encryptionKey),
    ),
    ...(config.newEncryptionKey === null
      ? []
      : newKeySentences(keySetting(config.newEncryptionKey, 'MIOT_NEW_ENCRYPTION_KEY'))),
    ...(config.signer === null ? [] : SIGNER_SENTENCES),
  ]
}

const KEY_CHECK_SENTENCES: Readonly<Record<KeyCheck, string>> = {
  opens: 'The encryption key opens the signing keys in the backup.',
  not_checked:
    'The encryption key was not checked: run miot doctor, which checks it on the database.',
}
const SIGNER_SENTENCES: readonly string[] = [
  'NOT INCLUDED: the signing keys that MIOT_SIGNER_COMMAND holds. If they are lost, run',
  'miot keys rotate --now after the restore: all clients log in again.',
]

function newKeySentences(setting: string): readonly string[] {
  return [
    `NOT INCLUDED: the key of ${setting}. While the encryption key is being changed, the backup`,
    'needs it, too: keep it in another place, and set it for miot restore.',
  ]
}

const KEY_SENTENCES: Readonly<
  Record<Manifest['encryption_key'], (path: string, setting: string) => readonly string[]>
> = {
  included: () => [],
  left_out: (path) => [
    'NOT INCLUDED: the encryption key. Without it the backup is useless.',
    `Keep a copy of ${path} in another place.`,
  ],
  setting: (_path, setting) => [
    `NOT INCLUDED: the encryption key, since it comes from ${setting}.`,
    'Without it the backup is useless: keep it in another place.',
  ],
}
