/** The data directory: who can read it, whether it has space, whether it can be written. */

import {
  closeSync,
  fsyncSync,
  lstatSync,
  openSync,
  readdirSync,
  realpathSync,
  rmSync,
  statfsSync,
  statSync,
  writeSync,
} from 'node:fs'
import { basename, join } from 'node:path'
import {
  assertOwnDirectory,
  assertPrivateFile,
  replaceableBy,
  UnsafePermissions,
} from '@modulariot/platform/files'
import { randomId } from '@modulariot/platform/random-id'
import { assertPrivateDatabase } from '@modulariot/platform/storage'
import { MANIFEST } from '../backup/manifest.ts'
import { sqliteFilesOf } from '../config/database.ts'
import type { Config } from '../config/parse-config.ts'
import { type Check, fault, ok, type Result, skipped, splitRemedy, warn } from './check.ts'

export const FILE_CHECKS: readonly Check[] = [
  {
    name: 'data directory',
    about: 'installation',
    remedy: 'run miot serve, or set MIOT_DATA_DIR',
    run: async ({ config }) => checkDirectory(config),
  },
  {
    name: 'files',
    about: 'installation',
    remedy: 'set MIOT_DATA_DIR to a directory of its own',
    run: async ({ config }) => checkFiles(config),
  },
  {
    name: 'backup',
    about: 'installation',
    remedy: 'correct --backup',
    run: async ({ config, backup }) => checkBackup(config, backup),
  },
  {
    name: 'disk',
    about: 'installation',
    remedy: 'free space on the disk, or move the data directory',
    run: async ({ config }) => checkDisk(config),
  },
]

/** Where the installation's files are: the data directory, and the stores if they are elsewhere. */
function directoriesOf({ dataDir, database }: Config): string[] {
  return database.kind === 'sqlite' ? [...new Set([dataDir, database.directory])] : [dataDir]
}

/** @throws EACCES */
export const isThere = (path: string): boolean =>
  lstatSync(path, { throwIfNoEntry: false }) !== undefined

function checkDirectory(config: Config): Result {
  const { dataDir, database } = config
  const stats = statSync(dataDir, { throwIfNoEntry: false })
  if (stats === undefined) return fault(`${dataDir} is missing`, 'run miot serve')
  for (const directory of directoriesOf(config)) assertOwnDirectory(directory)
  if (database.kind === 'sqlite') {
    for (const path of Object.values(sqliteFilesOf(database.directory))) assertPrivateDatabase(path)
  }
  if (process.platform !== 'win32' && (stats.mode & 0o077) !== 0) {
    return fault(`${dataDir} is readable by other users`, `run chmod go-rwx ${dataDir}`)
  }
  const above = replaceableBy(realpathSync(dataDir))
  if (above !== null) {
    return fault(
      `every user can write to ${above} and so replace ${dataDir}`,
      `run chmod o-w ${above}`,
    )
  }
  return ok(`${dataDir}, private`)
}

const MAX_FILES = 10_000
const MAX_NAMED = 3

/** Every file: also backups and what people put there, which hold the same secrets. */
function checkFiles(config: Config): Result {
  return filesResult(
    directoriesOf(config).flatMap((directory) => filesBelow(directory)),
    config,
  )
}

function filesResult(files: readonly string[], config: Config): Result {
  const faults = files.flatMap((path) => unsafe(path, config))
  const [first] = faults
  if (first === undefined) return ok(`${files.length} files, all private`)
  const named = faults.slice(0, MAX_NAMED).map(({ detail }) => detail)
  const more = faults.length > MAX_NAMED ? `; ${faults.length} in total` : ''
  return { ...first, detail: `${named.join('; ')}${more}` }
}

function filesBelow(directory: string): string[] {
  if (!isThere(directory)) return []
  const files: string[] = []
  const waiting = [directory]
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    for (const entry of readdirSync(next, { withFileTypes: true })) {
      const path = join(next, entry.name)
      if (entry.isDirectory()) waiting.push(path)
      else if (files.push(path) === MAX_FILES) return files
    }
  }
  return files
}

/** A certificate is public, and programs that renew it may leave it readable. */
function unsafe(path: string, { tls }: Config): Result[] {
  if (path === tls?.certFile) return []
  try {
    assertPrivateFile(path)
    return []
  } catch (error) {
    if (!(error instanceof UnsafePermissions)) throw error
    return [splitRemedy(error.message)]
  }
}

/** What a backup that was killed leaves, such as `monday.unfinished-x1Y2z3`. */
const UNFINISHED = /\.unfinished-\w{6}$/

/** A backup holds all secrets of the installation, and copying it may have opened its files. */
function checkBackup(config: Config, directory: string | null): Result {
  if (directory === null) return skipped('none is named; --backup DIR checks one')
  if (!isThere(directory)) return fault(`${directory} is missing`, 'correct --backup')
  assertOwnDirectory(directory)
  const files = filesBelow(directory)
  const result = filesResult(files, config)
  if (result.level !== 'ok') return result
  const unfinished = readdirSync(directory).find((name) => UNFINISHED.test(name))
  if (unfinished !== undefined) {
    const path = join(directory, unfinished)
    return warn(`${path} is left of a backup that was killed, unless one runs`, `rm -r ${path}`)
  }
  return files.some((path) => basename(path) === MANIFEST)
    ? ok(`${directory}: ${result.detail}`)
    : fault(`${directory} holds no backup`, 'correct --backup, and look at the log of miot backup')
}

const LITTLE_BYTES = 1024 ** 3
const TOO_LITTLE_BYTES = 16 * 1024 ** 2

/** Free space counts what this user may use; the trial also finds quotas and read-only disks. */
function checkDisk(config: Config): Result {
  const directories = directoriesOf(config).filter(isThere)
  if (directories.length === 0) return skipped(`${config.dataDir} is missing`)
  const free = directories.map((directory) => {
    const { bavail, bsize } = statfsSync(directory)
    return { directory, bytes: bavail * bsize }
  })
  const least = free.reduce((one, other) => (other.bytes < one.bytes ? other : one))
  const detail = `${(least.bytes / 1024 ** 3).toFixed(1)} GiB free for ${least.directory}`
  if (least.bytes < TOO_LITTLE_BYTES) {
    return fault(detail, 'free space on the disk, or shorten MIOT_RETENTION_DAYS')
  }
  for (const { directory } of free) writeOnTrial(directory)
  return least.bytes < LITTLE_BYTES
    ? warn(detail, 'free space on the disk, or shorten MIOT_RETENTION_DAYS')
    : ok(`${detail}; a trial write succeeded`)
}

function writeOnTrial(directory: string): void {
  const path = join(directory, `doctor-${randomId()}.tmp`)
  const file = openSync(path, 'wx', 0o600)
  try {
    writeSync(file, new Uint8Array(4096))
    fsyncSync(file)
  } finally {
    closeSync(file)
    rmSync(path, { force: true })
  }
}
