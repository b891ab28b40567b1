/**
 * One process a spool directory: two writers would send each other's reports and delete each other's
 * files.
 *
 * Node has no file locks that end with the process, so the lock is a file that names its holder. After a
 * crash it names nobody who runs, and is taken over. A process id alone is not enough for that: after a
 * reboot another program has it, and a device would never open its spool again.
 */

import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

export class SpoolLockedError extends Error {
  override readonly name = 'SpoolLockedError'
  readonly code = 'spool_locked'
}

/** Directories that this very process holds. */
const held = new Set<string>()

/**
 * Takes the lock of a directory.
 *
 * @returns how to give it back.
 * @throws SpoolLockedError when somebody who runs has it.
 */
export function lockDirectory(directory: string): () => void {
  const lock = join(directory, 'lock')
  const mine = join(directory, `lock.${process.pid}`)
  if (held.has(lock)) throw lockedBy(directory, process.pid)
  writeFileSync(mine, identity(process.pid), { mode: 0o600 })
  try {
    if (!tryLink(mine, lock)) {
      clearStale(directory, lock)
      if (!tryLink(mine, lock)) throw lockedBy(directory, holderOf(lock).pid)
    }
  } finally {
    rmSync(mine, { force: true })
  }
  held.add(lock)
  return () => {
    held.delete(lock)
    rmSync(lock, { force: true })
  }
}

/** A hard link is made whole or not at all, and fails where the name is taken. */
function tryLink(from: string, to: string): boolean {
  try {
    linkSync(from, to)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

/** Removes the lock of somebody who is gone; by renaming, so that of two who try only one does. */
function clearStale(directory: string, lock: string): void {
  const holder = holderOf(lock)
  if (isRunning(holder)) throw lockedBy(directory, holder.pid)
  const aside = join(directory, `lock.stale.${process.pid}`)
  try {
    renameSync(lock, aside)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return
    throw error
  }
  const taken = readFileSync(aside, 'utf8')
  // Between the look and the rename somebody else took it over: give it back.
  if (taken !== holder.text) tryLink(aside, lock)
  rmSync(aside, { force: true })
}

interface Holder {
  readonly pid: number
  readonly text: string
}

function holderOf(lock: string): Holder {
  const text = readOr(lock, '')
  return { pid: Number.parseInt(text, 10), text }
}

function isRunning({ pid, text }: Holder): boolean {
  if (!(pid > 0)) return false
  // Without a start time, our own number that is not in `held` was a process before us.
  if (pid === process.pid && startOf(pid) === '') return false
  try {
    process.kill(pid, 0)
  } catch (error) {
    // EPERM: it runs and is somebody else's.
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false
  }
  return text === identity(pid)
}

function identity(pid: number): string {
  return `${pid} ${startOf(pid)}\n`
}

/** On Linux, which boot and when in it the process began; elsewhere nothing. */
function startOf(pid: number): string {
  const began = readOr(`/proc/${pid}/stat`, '').split(') ')[1]?.split(' ')[19]
  if (began === undefined) return ''
  return `${readOr('/proc/sys/kernel/random/boot_id', '').trim()} ${began}`
}

function readOr(path: string, otherwise: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return otherwise
  }
}

function lockedBy(directory: string, pid: number): SpoolLockedError {
  return new SpoolLockedError(
    `The spool ${directory} is in use by process ${pid}; give each process a directory of its own`,
  )
}
