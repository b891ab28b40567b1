/**
 * Who owns a file or directory, and who else can change or read it: what `ssh` checks before it
 * uses a private key. Nothing here looks at the content.
 *
 * Root can do everything anyway, so what root owns is as safe as what we own. Windows has neither
 * these bits nor user ids; nothing is checked there.
 */

import { lstatSync, readlinkSync, realpathSync, type Stats, statSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'

/** The message names the path, what is wrong with it, and the command that fixes it. */
export class UnsafePermissions extends Error {
  override readonly name = 'UnsafePermissions'
}

const WRITABLE_BY_GROUP_OR_ALL = 0o022
const WRITABLE_BY_ALL = 0o002
const OPEN_TO_GROUP_OR_ALL = 0o077
const WRITABLE_BY_OWNER = 0o200
const STICKY = 0o1000

/** The limit Linux sets on symbolic links in one path (path_resolution(7)). */
const MAX_LINKS = 40

const ROOT = 0

/** The user id of this process; null where there are no user ids. */
function ourUser(): number | null {
  return process.geteuid?.() ?? null
}

/**
 * Checks a directory that holds secrets: it must belong to us or to root, and no one else may
 * create files in it. Others may list it, because each file inside is private itself.
 *
 * Symbolic links in the path, such as systemd's `/var/lib/NAME`, must belong to us or to root too.
 *
 * @param path must exist.
 * @throws UnsafePermissions
 */
export function assertOwnDirectory(path: string): void {
  const us = ourUser()
  if (us === null) return
  assertOwnLinks(resolve(path), us)
  const stats = statSync(path)
  if (!stats.isDirectory()) throw new UnsafePermissions(`${path} is not a directory`)
  assertOwned(path, stats, us)
  if ((stats.mode & WRITABLE_BY_GROUP_OR_ALL) === 0) return
  const own = stats.uid === us
  const remedy = own
    ? `chmod 700 ${quoted(path)}`
    : `chmod 755 ${quoted(path)} as root, or name a directory below it, which is created with mode 0700`
  throw new UnsafePermissions(`${path} can be written by other users (${modeOf(stats)}): ${remedy}`)
}

/**
 * Checks a secret or a database: a regular file that belongs to us or to root, that only its owner
 * can read or write, and that has no second hard link. A missing file passes.
 *
 * Only the name is checked, and the file is opened later. That is enough inside a directory that
 * passed `assertOwnDirectory`, where no other user can swap the file in between; SQLite has to open
 * its files by name.
 *
 * @throws UnsafePermissions
 */
export function assertPrivateFile(path: string): void {
  const stats = lstatSync(path, { throwIfNoEntry: false })
  if (stats !== undefined) assertPrivate(path, stats)
}

/** @param stats of the opened file, or of the name itself (not of the target of a link). */
export function assertPrivate(path: string, stats: Stats): void {
  const us = ourUser()
  if (us === null) return
  if (stats.isSymbolicLink()) throw new UnsafePermissions(linkedAway(path))
  if (!stats.isFile()) throw new UnsafePermissions(`${path} is not a regular file: move it away`)
  assertOwned(path, stats, us)
  if ((stats.mode & OPEN_TO_GROUP_OR_ALL) !== 0) {
    const what = (stats.mode & WRITABLE_BY_GROUP_OR_ALL) === 0 ? 'read' : 'written'
    throw new UnsafePermissions(
      `${path} can be ${what} by other users (${modeOf(stats)}): chmod 600 ${quoted(path)}`,
    )
  }
  if (stats.nlink > 1) {
    const [file, copy] = [quoted(path), quoted(`${path}.copy`)]
    throw new UnsafePermissions(
      `${path} has another name elsewhere (a hard link): stop the program that uses it, then cp -p ${file} ${copy} && mv ${copy} ${file}`,
    )
  }
}

/**
 * Checks a file that the operator provides, such as a mounted secret or a certificate: only root
 * and we may be able to write it. Who can read it is the operator's choice: Kubernetes and Docker
 * mount secrets as root with mode 0644 or 0444, behind symbolic links.
 *
 * @param stats of the opened file. Pipes and devices pass: the operator chose to read from them.
 * @throws UnsafePermissions
 */
export function assertNotPlanted(path: string, stats: Stats): void {
  const us = ourUser()
  if (us === null || !stats.isFile()) return
  if ((stats.mode & WRITABLE_BY_ALL) !== 0) {
    throw new UnsafePermissions(
      `${path} can be written by every user (${modeOf(stats)}): chmod o-w ${quoted(path)}`,
    )
  }
  if ((stats.mode & WRITABLE_BY_OWNER) !== 0) assertOwned(path, stats, us)
}

/**
 * Checks a program, or a file it is given, that we run to get a secret: only root and we may be
 * able to change it, replace it or redirect a link to it. Others may read it.
 *
 * @param path absolute; must exist.
 * @throws UnsafePermissions
 */
export function assertProgram(path: string): void {
  const us = ourUser()
  if (us === null) return
  assertOwnLinks(path, us)
  const target = realpathSync(path)
  const stats = statSync(target)
  if (stats.uid !== us && stats.uid !== ROOT) {
    throw new UnsafePermissions(
      `${target} belongs to user ${stats.uid}, who can change it: chown ${us} ${quoted(target)}, or use one of your own`,
    )
  }
  if ((stats.mode & WRITABLE_BY_GROUP_OR_ALL) !== 0) {
    throw new UnsafePermissions(
      `${target} can be written by other users (${modeOf(stats)}): chmod go-w ${quoted(target)}`,
    )
  }
  assertNotReplaceable(target, us)
  // Where a link is, if `path` is one.
  assertNotReplaceable(join(realpathSync(dirname(path)), basename(path)), us)
}

/** @param path absolute; without links above its last component. */
function assertNotReplaceable(path: string, us: number): void {
  const open = replaceableBy(path)
  if (open !== null) {
    throw new UnsafePermissions(
      `${path} can be replaced by every user, who can write to ${open}: chmod o-w ${quoted(open)}`,
    )
  }
  for (let above = dirname(path); ; above = dirname(above)) {
    const { uid } = statSync(above)
    if (uid !== us && uid !== ROOT) {
      throw new UnsafePermissions(
        `${path} can be replaced by user ${uid}, who owns ${above}: put it below directories of root or of user ${us}`,
      )
    }
    if (above === dirname(above)) return
  }
}

/**
 * The nearest directory above `path` in which other users can replace the next path component; null
 * when there is none. A replacement is refused, unless it is another directory of ours.
 */
export function replaceableBy(path: string): string | null {
  if (ourUser() === null) return null
  const parent = dirname(path)
  if (parent === path) return null
  const { mode } = statSync(parent)
  return (mode & (WRITABLE_BY_ALL | STICKY)) === WRITABLE_BY_ALL ? parent : replaceableBy(parent)
}

/**
 * Checks the directories above a file that is checked by name and loaded by name after: no other
 * user may be able to exchange one of them in between. In a sticky one, such as `/tmp`, only owners
 * can.
 *
 * @param path absolute, without links; must exist.
 * @throws UnsafePermissions
 */
export function assertOwnAncestors(path: string): void {
  const us = ourUser()
  if (us === null) return
  for (let above = dirname(path); ; above = dirname(above)) {
    const stats = statSync(above)
    const owned = stats.uid === us || stats.uid === ROOT
    const open = (stats.mode & WRITABLE_BY_GROUP_OR_ALL) !== 0 && (stats.mode & STICKY) === 0
    if (!owned || open) {
      throw new UnsafePermissions(
        `${path} can be exchanged by other users, who can write to ${above} (${modeOf(stats)} of user ${stats.uid}): put it below directories that only root can change`,
      )
    }
    if (above === dirname(above)) return
  }
}

export function linkedAway(path: string): string {
  return `${path} is a symbolic link: put the file itself there`
}

function assertOwned(path: string, { uid }: Stats, us: number): void {
  if (uid === us || uid === ROOT) return
  throw new UnsafePermissions(
    `${path} belongs to user ${uid}, and this process runs as user ${us}: run it as user ${uid}, or ` +
      `chown -R ${us} ${quoted(path)}`,
  )
}

/** Checks every component of the path that is a link, then every component of its target. */
function assertOwnLinks(path: string, us: number, followed = 0): void {
  if (followed > MAX_LINKS) throw new UnsafePermissions(`${path} follows too many links`)
  const names = path.split('/').filter((name) => name !== '')
  for (const [index, name] of names.entries()) {
    const parent = `/${names.slice(0, index).join('/')}`
    const part = resolve(parent, name)
    const stats = lstatSync(part)
    if (!stats.isSymbolicLink()) continue
    if (stats.uid !== us && stats.uid !== ROOT) {
      throw new UnsafePermissions(
        `${part} is a symbolic link of user ${stats.uid}, who can redirect it: name its target instead`,
      )
    }
    const target = resolve(parent, readlinkSync(part), ...names.slice(index + 1))
    assertOwnLinks(target, us, followed + 1)
    break
  }
}

function modeOf({ mode }: Stats): string {
  return `mode 0${(mode & 0o7777).toString(8)}`
}

function quoted(path: string): string {
  return /^[\w./@:+-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`
}
