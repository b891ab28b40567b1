/**
 * One process per spool directory: two writers would send each other's reports and delete each
 * other's files.
 *
 * Node has no file locks that end with the process, so the lock is a file that names its holder.
 * After a crash the holder no longer runs, and the lock is taken over. A process id alone does not
 * suffice: after a reboot another program may have it, and a device would never open its spool
 * again. In another container it means a different process; there the holder's socket is checked.
 */

import { randomUUID } from 'node:crypto'
import { linkSync, readFileSync, readlinkSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readPrivateFileSync } from '@modulariot/oauth/node'
import { isAlive, startHeartbeat } from './heartbeat.ts'

export class SpoolLockedError extends Error {
  override readonly name = 'SpoolLockedError'
  readonly code = 'spool_locked'
}

/** Directories locked by this process. */
const held = new Set<string>()

/**
 * Locks a directory.
 *
 * @returns a function that unlocks it.
 * @throws SpoolLockedError when a running process holds it.
 */
export async function lockDirectory(directory: string): Promise<() => void> {
  const lock = join(directory, 'lock')
  if (held.has(lock)) throw lockedBy(directory, process.pid)
  held.add(lock)
  const heartbeat = await startHeartbeatIn(directory)
  const mine = join(directory, `lock.${randomUUID()}`)
  const unlock = () => {
    held.delete(lock)
    heartbeat.end()
  }
  try {
    writeFileSync(mine, `${identity(process.pid)} ${namespace()} ${heartbeat.socket}\n`, {
      mode: 0o600,
      flag: 'wx',
    })
    if (!tryLink(mine, lock)) {
      await clearStale(directory, lock)
      if (!tryLink(mine, lock)) throw lockedBy(directory, holderOf(lock).pid)
    }
  } catch (error) {
    unlock()
    throw error
  } finally {
    rmSync(mine, { force: true })
  }
  return () => {
    rmSync(lock, { force: true })
    unlock()
  }
}

/** `-` when there can be no socket, or no other container could see it. */
async function startHeartbeatIn(directory: string): Promise<{ socket: string; end: () => void }> {
  const socket = `life.${randomUUID().slice(0, 8)}`
  const end = namespace() === '' ? null : await startHeartbeat(join(directory, socket))
  return end === null ? { socket: '-', end: () => {} } : { socket, end }
}

/** A hard link is created completely or not at all, and fails when the name exists. */
function tryLink(from: string, to: string): boolean {
  try {
    linkSync(from, to)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

/** Removes the lock of a dead process; by renaming, so that only one of two competitors does. */
async function clearStale(directory: string, lock: string): Promise<void> {
  const holder = holderOf(lock)
  if (await isRunning(directory, holder)) throw lockedBy(directory, holder.pid)
  const aside = join(directory, `lock.stale.${randomUUID()}`)
  try {
    renameSync(lock, aside)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return
    throw error
  }
  const taken = readLock(aside)
  // Another process took it over between the check and the rename: put it back.
  if (taken !== holder.text) tryLink(aside, lock)
  else if (SOCKET.test(holder.socket)) rmSync(join(directory, holder.socket), { force: true })
  rmSync(aside, { force: true })
}

interface Holder {
  readonly pid: number
  /** Process id, boot and start time, as `identity` writes them. */
  readonly identity: string
  readonly namespace: string
  readonly socket: string
  readonly text: string
}

const SOCKET = /^life\.[0-9a-f]{8}$/

function holderOf(lock: string): Holder {
  const text = readLock(lock)
  const [pid = '', boot = '', began = '', namespace = '', socket = '-'] = text.trim().split(' ')
  const identity = `${pid} ${boot} ${began}`.trim()
  return { pid: Number.parseInt(pid, 10), identity, namespace, socket, text }
}

/**
 * The empty text when the lock is missing, or another user or a link put it there: then it is not
 * ours.
 */
function readLock(path: string): string {
  try {
    return readPrivateFileSync(path, 'write') ?? ''
  } catch {
    return ''
  }
}

async function isRunning(directory: string, holder: Holder): Promise<boolean> {
  const { pid, socket } = holder
  if (!(pid > 0)) return false
  const elsewhere = holder.namespace !== '' && holder.namespace !== namespace()
  if (elsewhere) return SOCKET.test(socket) && (await isAlive(join(directory, socket)))
  // Without a start time, our own pid that is not in `held` belonged to an earlier process.
  if (pid === process.pid && startOf(pid) === '') return false
  try {
    process.kill(pid, 0)
  } catch (error) {
    // EPERM: it runs, as another user.
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false
  }
  return holder.identity === identity(pid)
}

function identity(pid: number): string {
  return `${pid} ${startOf(pid)}`.trim()
}

/** On Linux, the namespace of the process ids; elsewhere the empty text. */
function namespace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid')
  } catch {
    return ''
  }
}

/** On Linux, the boot id and the process's start time; elsewhere the empty text. */
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
    `The spool ${directory} is in use by process ${pid}; give each process its own directory`,
  )
}
