/**
 * Directories and files that only their owner may change: tokens, spooled reports, secrets.
 *
 * Another user of the machine who can write there could plant a token (our reports would go to
 * another account) or a report, or replace a file about to be written with a link. One rule for
 * every component that keeps such files; ADR 30.
 */

import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  realpathSync,
  type Stats,
  statSync,
} from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'

/** The path is open to other users. The message names the path and the command that fixes it. */
export class NotPrivateError extends Error {
  override readonly name = 'NotPrivateError'
  readonly code = 'not_private'
}

/** What other users must not be able to do with a file. */
export type Forbidden = 'write' | 'read'

/** Permission bits of group and others. */
const BITS: Readonly<Record<Forbidden, number>> = { write: 0o022, read: 0o077 }
const WRITABLE_BY_OTHERS = 0o002
const STICKY = 0o1000

/** Windows has neither flag. A FIFO would block the open without `O_NONBLOCK`. */
const NO_FOLLOW = constants.O_NOFOLLOW ?? 0
const OPEN_FLAGS = constants.O_RDONLY | NO_FOLLOW | (constants.O_NONBLOCK ?? 0)

/**
 * Creates the directory with mode 0700 when it is missing, and checks it.
 *
 * It must be a directory of ours, not a symbolic link, and not writable by group or others. Its
 * parents must not be writable by everyone, unless they are sticky like `/tmp`: there other users
 * cannot rename our files.
 *
 * @throws NotPrivateError; the file system's own errors.
 */
export function preparePrivateDirectory(directory: string): void {
  createDirectories(directory)
  // Without a trailing slash, which would follow a link.
  const stats = lstatSync(resolve(directory))
  if (stats.isSymbolicLink()) {
    throw new NotPrivateError(`${directory} is a symbolic link: name the directory itself`)
  }
  if (!stats.isDirectory()) throw new NotPrivateError(`${directory} is not a directory`)
  if (process.platform === 'win32') return
  assertOwner(directory, stats)
  if ((stats.mode & BITS.write) !== 0) {
    throw new NotPrivateError(
      `${directory} can be written by others: chmod 700 it, or choose another`,
    )
  }
  assertParents(resolved(directory))
}

/**
 * Creates the directory and its missing parents.
 *
 * Node's `recursive` never returns where mkdir(2) answers ENOENT below a directory that exists, as
 * in /proc (`platform/files` has a copy of this for the server).
 */
function createDirectories(path: string): void {
  try {
    mkdirSync(path, { mode: 0o700 })
  } catch (error) {
    const parent = dirname(path)
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'ENOENT' || existsSync(parent)) {
      if (isDirectory(path)) return
      throw error
    }
    createDirectories(parent)
    createDirectories(path)
  }
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
}

function assertParents(path: string): void {
  const parent = dirname(path)
  if (parent === path) return
  const mode = modeOf(parent)
  if ((mode & WRITABLE_BY_OTHERS) !== 0 && (mode & STICKY) === 0) {
    throw new NotPrivateError(
      `${path} can be replaced by others, who can write to ${parent}: chmod o-w ${parent}`,
    )
  }
  assertParents(parent)
}

/** With its parents' links resolved, where they are visible. */
function resolved(directory: string): string {
  try {
    return realpathSync(directory)
  } catch {
    return resolve(directory)
  }
}

/**
 * 0 when not visible: Deno shows a program the directories it was granted, but not their parents.
 */
function modeOf(directory: string): number {
  try {
    return statSync(directory).mode
  } catch {
    return 0
  }
}

/** A file of root is as good as ours: root can write ours anyway. */
function assertOwner(path: string, { uid }: Pick<Stats, 'uid'>): void {
  const own = process.getuid?.()
  if (own === undefined || uid === own || uid === 0) return
  throw new NotPrivateError(
    `${path} belongs to another user (uid ${uid}): choose another, or chown`,
  )
}

function assertPrivateFile(path: string, stats: Stats, forbidden: Forbidden): void {
  if (!stats.isFile()) throw new NotPrivateError(`${path} is not a regular file`)
  if (process.platform === 'win32') return
  assertOwner(path, stats)
  if ((stats.mode & BITS[forbidden]) !== 0) {
    const done = forbidden === 'read' ? 'read or written' : 'written'
    throw new NotPrivateError(`${path} can be ${done} by others: chmod 600 ${path}`)
  }
}

/**
 * Opens a file for reading.
 *
 * @param forbidden what other users must not be able to do with it.
 * @returns null when it does not exist.
 * @throws NotPrivateError, also for a symbolic link; the file system's own errors.
 */
export async function openPrivateFile(
  path: string,
  forbidden: Forbidden,
): Promise<FileHandle | null> {
  const file = await open(path, OPEN_FLAGS).catch((error: unknown) => ifMissing(path, error))
  if (file === null) return null
  try {
    assertPrivateFile(path, await file.stat(), forbidden)
    return file
  } catch (error) {
    await file.close()
    throw error
  }
}

/** Like `openPrivateFile`, but returns the whole text. */
export function readPrivateFileSync(path: string, forbidden: Forbidden): string | null {
  let file: number
  try {
    file = openSync(path, OPEN_FLAGS)
  } catch (error) {
    return ifMissing(path, error)
  }
  try {
    assertPrivateFile(path, fstatSync(file), forbidden)
    return readFileSync(file, 'utf8')
  } finally {
    closeSync(file)
  }
}

function ifMissing(path: string, error: unknown): null {
  const code = error instanceof Error && 'code' in error ? error.code : ''
  if (code === 'ENOENT') return null
  // How POSIX systems fail with O_NOFOLLOW: ELOOP, and EMLINK on FreeBSD.
  if (code === 'ELOOP' || code === 'EMLINK') {
    throw new NotPrivateError(`${path} is a symbolic link: put the file itself there`)
  }
  throw error
}
