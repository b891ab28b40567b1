/** Small files that must be whole, durable and readable by their owner only. */

import { randomUUID } from 'node:crypto'
import { closeSync, fsyncSync, linkSync, openSync, renameSync, rmSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'

/** Replaces the file: after a crash there is the old one or the new one, never half. */
export function writePrivateFile(path: string, text: string): void {
  const temporary = writeBeside(path, text)
  renameSync(temporary, path)
  syncDirectory(path)
}

/** Makes the file, whole; false, and nothing, when there is one: of two that make it at once, one does. */
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

/** Under a name of its own: containers that share a directory share their process numbers, too. */
function writeBeside(path: string, text: string): string {
  const temporary = `${path}.${randomUUID()}.tmp`
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
