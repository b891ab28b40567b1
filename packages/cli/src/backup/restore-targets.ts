/** Where a backup is restored to: directories that hold nothing yet. */

import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { assertOwnDirectory, createDirectories } from '@modulariot/platform/files'
import { sqliteFilesOf } from '../config/database.ts'
import { type Config, filesOf } from '../config/parse-config.ts'
import { CliError } from '../errors/cli-error.ts'
import { directoriesOf, unfinishedIn, unfinishedRestore } from '../files/unfinished-restore.ts'
import { copyDurably, syncDirectory } from './durable-files.ts'
import type { BackupFile, Manifest } from './manifest.ts'

export interface Targets {
  /** Holds the files until they are verified; in the directory of the databases. */
  readonly unfinished: string
  /** Moves the files into place. Returns the new names of stale logs. */
  publish(): string[]
}

/** What SQLite keeps beside a database and would take for a part of the restored one. */
const STALE = /^(auth|telemetry)\.db-(wal|shm|journal)$/
/** In the root of every ext4 file system. */
const IGNORED = 'lost+found'
const SHOWN = 5

/**
 * Creates what is missing.
 *
 * @throws CliError when one of the directories holds anything but logs of earlier databases, and
 *   the encryption key if the backup has none.
 */
export function prepareTargets(config: Config, manifest: Manifest): Targets {
  const directories = directoriesOf(config)
  const stale = directories.flatMap((directory) => assertEmpty(directory, config, manifest))
  for (const directory of directories) {
    createDirectories(directory)
    assertOwnDirectory(directory)
  }
  const home = config.database.kind === 'sqlite' ? config.database.directory : config.dataDir
  const unfinished = unfinishedIn(home)
  createUnfinished(home)
  return {
    unfinished,
    publish() {
      const setAside = stale.flatMap(putAside)
      for (const { name } of manifest.files) {
        const from = join(unfinished, name)
        if (existsSync(from)) move(from, placeOf(name, config))
      }
      for (const directory of directories) syncDirectory(directory)
      return setAside
    },
  }
}

/** Exclusive: of two restores at once, one gets it. */
function createUnfinished(home: string): void {
  try {
    mkdirSync(unfinishedIn(home), { mode: 0o700 })
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code === 'EEXIST' ? unfinishedRestore(home) : error
  }
}

/** The data directory may be on another disk than the databases. */
function move(from: string, to: string): void {
  try {
    renameSync(from, to)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EXDEV') throw error
    copyDurably(from, to)
  }
}

/** Returns the paths of stale logs. */
function assertEmpty(directory: string, config: Config, manifest: Manifest): string[] {
  const stats = statSync(directory, { throwIfNoEntry: false })
  if (stats === undefined) return []
  if (!stats.isDirectory()) throw new CliError('usage', `${directory} is not a directory`)
  if (existsSync(unfinishedIn(directory))) throw unfinishedRestore(directory)
  const names = readdirSync(directory).filter((name) => name !== IGNORED)
  const key = manifest.encryption_key === 'included' ? null : filesOf(config).encryptionKey
  const others = names.filter((name) => !STALE.test(name) && join(directory, name) !== key)
  if (others.length > 0) throw dirty(directory, others)
  return names.filter((name) => STALE.test(name)).map((name) => join(directory, name))
}

function dirty(directory: string, names: readonly string[]): CliError {
  const more = names.length > SHOWN ? ` and ${names.length - SHOWN} more` : ''
  return new CliError(
    'failure',
    `${directory} is not empty (${names.slice(0, SHOWN).join(', ')}${more}), and a restore replaces nothing: ` +
      'stop every miot serve on it and move its contents away, or set MIOT_DATA_DIR to a new directory',
  )
}

/**
 * A log with content may hold the newest changes of a database that was moved away, so it is
 * renamed. The others hold nothing.
 */
function putAside(path: string): string[] {
  if (path.endsWith('-shm') || statSync(path).size === 0) {
    rmSync(path)
    return []
  }
  const aside = `${path}.stale-${new Date().toISOString().replaceAll(/\D/g, '').slice(0, 14)}`
  renameSync(path, aside)
  return [aside]
}

function placeOf(name: BackupFile, config: Config): string {
  const { database, dataDir } = config
  const files = sqliteFilesOf(database.kind === 'sqlite' ? database.directory : dataDir)
  if (name === 'auth.db') return files.auth
  if (name === 'telemetry.db') return files.telemetry
  return join(dataDir, name)
}
