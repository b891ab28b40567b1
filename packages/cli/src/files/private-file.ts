/** Small files that are written atomically and durably, and readable by their owner only. */

import { randomUUID } from 'node:crypto'
import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  linkSync,
  lstatSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { assertOwnDirectory, assertPrivate, assertPrivateFile } from '@modulariot/platform/files'

/** Refuses symbolic links, and does not block on a named pipe. Windows has neither flag. */
const NO_LINK_NO_WAIT = (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0)

/**
 * Reads a secret from the data directory. The checks apply to the opened file, not to its path.
 *
 * @returns null when the file is missing.
 * @throws UnsafePermissions when other users could have written it, or can read it.
 */
export function readPrivateFile(path: string): string | null {
  if (lstatSync(path, { throwIfNoEntry: false }) === undefined) return null
  assertOwnDirectory(dirname(path))
  finishCreating(path)
  assertPrivateFile(path)
  const file = openSync(path, constants.O_RDONLY | NO_LINK_NO_WAIT)
  try {
    assertPrivate(path, fstatSync(file))
    return readFileSync(file, 'utf8')
  } finally {
    closeSync(file)
  }
}

/**
 * Removes the temporary name of a file that another process is creating, or was creating when it
 * crashed. With two names, the file would be refused as a hard link.
 */
function finishCreating(path: string): void {
  const { nlink, ino } = lstatSync(path)
  if (nlink === 1) return
  for (const name of readdirSync(dirname(path))) {
    const temporary = join(dirname(path), name)
    const ours = name.startsWith(`${basename(path)}.`) && name.endsWith(TEMPORARY)
    if (ours && lstatSync(temporary, { throwIfNoEntry: false })?.ino === ino)
      rmSync(temporary, { force: true })
  }
}

/** Replaces the file: after a crash it is the old or the new one, never half. */
export function writePrivateFile(path: string, text: string): void {
  const temporary = writeBeside(path, text)
  renameSync(temporary, path)
  syncDirectory(path)
}

/** Creates the file atomically. Returns false when it exists, also when two processes race. */
export function createPrivateFile(path: string, text: string): boolean {
  const temporary = writeBeside(path, text)
  try {
    linkSync(temporary, path)
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException
    if (code === 'EEXIST') return false
    if (!NO_HARD_LINKS.has(code)) throw error
    return createWithoutLinks(path, text)
  } finally {
    rmSync(temporary, { force: true })
  }
  syncDirectory(path)
  return true
}

/** Error codes of file systems without hard links, such as exFAT. */
export const NO_HARD_LINKS: ReadonlySet<string> = new Set([
  'EPERM',
  'ENOTSUP',
  'EOPNOTSUPP',
  'ENOSYS',
])

/** For file systems without hard links: exclusive too, but a crash may leave half a file. */
export function createWithoutLinks(path: string, text: string): boolean {
  try {
    writeNew(path, text)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
  syncDirectory(path)
  return true
}

const TEMPORARY = '.tmp'

/** The name is random: containers that share a directory may have equal process ids. */
function writeBeside(path: string, text: string): string {
  const temporary = `${path}.${randomUUID()}${TEMPORARY}`
  writeNew(temporary, text)
  return temporary
}

function writeNew(path: string, text: string): void {
  const file = openSync(path, 'wx', 0o600)
  try {
    writeSync(file, text)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}

/** A new file name is durable only once its directory is synced. */
function syncDirectory(path: string): void {
  const directory = openSync(dirname(path), 'r')
  try {
    fsyncSync(directory)
  } finally {
    closeSync(directory)
  }
}
