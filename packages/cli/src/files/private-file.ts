/** Small files that must be whole, durable and readable by their owner only. */

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

/** A pipe in place of the file does not make us wait for its writer. Windows has neither flag. */
const THE_FILE_ITSELF = (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0)

/**
 * A secret in a directory of ours. What is checked is the file that was opened.
 *
 * @returns null when the file is missing.
 * @throws UnsafePermissions when others could have written it, or can read it.
 */
export function readPrivateFile(path: string): string | null {
  if (lstatSync(path, { throwIfNoEntry: false }) === undefined) return null
  assertOwnDirectory(dirname(path))
  finishMaking(path)
  assertPrivateFile(path)
  const file = openSync(path, constants.O_RDONLY | THE_FILE_ITSELF)
  try {
    assertPrivate(path, fstatSync(file))
    return readFileSync(file, 'utf8')
  } finally {
    closeSync(file)
  }
}

/**
 * Removes the temporary name of a file that another process makes at this moment, or made before it
 * crashed: until then the file has two names, which is refused as a hard link.
 */
function finishMaking(path: string): void {
  const { nlink, ino } = lstatSync(path)
  if (nlink === 1) return
  for (const name of readdirSync(dirname(path))) {
    const temporary = join(dirname(path), name)
    const ours = name.startsWith(`${basename(path)}.`) && name.endsWith(TEMPORARY)
    if (ours && lstatSync(temporary, { throwIfNoEntry: false })?.ino === ino)
      rmSync(temporary, { force: true })
  }
}

/** Replaces the file: after a crash there is the old one or the new one, never half. */
export function writePrivateFile(path: string, text: string): void {
  const temporary = writeBeside(path, text)
  renameSync(temporary, path)
  syncDirectory(path)
}

/**
 * Makes the file, whole; false, and nothing, when there is one: of two that make it at once, one
 * does.
 */
export function createPrivateFile(path: string, text: string): boolean {
  const temporary = writeBeside(path, text)
  try {
    linkSync(temporary, path)
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException
    if (code === 'EEXIST') return false
    if (!WITHOUT_LINKS.has(code)) throw error
    return createAsItComes(path, text)
  } finally {
    rmSync(temporary, { force: true })
  }
  syncDirectory(path)
  return true
}

/** What file systems say that know no links, such as exFAT. */
const WITHOUT_LINKS = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'])

/** There the file is nobody else's either, but a crash may leave half of it. */
export function createAsItComes(path: string, text: string): boolean {
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

/** Under a name of its own: containers that share a directory share their process numbers, too. */
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

/** A name is in the directory, which has its own way to the disk. */
function syncDirectory(path: string): void {
  const directory = openSync(dirname(path), 'r')
  try {
    fsyncSync(directory)
  } finally {
    closeSync(directory)
  }
}
