/**
 * Tokens in files of one directory, shared by processes on a machine and kept across restarts.
 *
 * A file is readable by its owner only and replaced by rename, so a reader sees the old token or
 * the new one. Files that others could have read or written are not used: a planted token would
 * send our reports to another account.
 */

import { randomUUID } from 'node:crypto'
import { lstat, readdir, rename, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import type { TokenStore } from '../client/index.ts'
import { openPrivateFile, preparePrivateDirectory } from './private-files.ts'

export interface FileTokenStoreOptions {
  /** Created with mode 0700 when it is missing. */
  readonly directory: string
  /** How long to wait for another process that is requesting the same token. 3 seconds. */
  readonly lockWaitMs?: number
  /** A lock older than this is considered abandoned. 30 seconds. */
  readonly lockStaleMs?: number
}

const LOCK_POLL_MS = 25
const FORGOTTEN_AFTER_MS = 31 * 86_400_000
const MAX_FILE_BYTES = 64 * 1024

export function fileTokenStore(options: FileTokenStoreOptions): TokenStore {
  const { directory, lockWaitMs = 3_000, lockStaleMs = 30_000 } = options
  const pathOf = (key: string, ending: string) => join(directory, `${key}.${ending}`)
  const ready = once(() => prepare(directory))

  return {
    async read(key) {
      await ready()
      return readOwn(pathOf(key, 'token'))
    },

    async write(key, text) {
      await ready()
      const temporary = pathOf(key, `${randomUUID()}.tmp`)
      try {
        await writeFile(temporary, text, { mode: 0o600, flag: 'wx' })
        await rename(temporary, pathOf(key, 'token'))
      } catch (error) {
        await unlink(temporary).catch(() => {})
        throw error
      }
    },

    async lock(key, signal) {
      await ready()
      const path = pathOf(key, 'lock')
      const holder = randomUUID()
      const until = performance.now() + lockWaitMs
      while (!(await take(path, holder))) {
        await breakIfStale(path, lockStaleMs)
        if (performance.now() >= until) throw new Error(`${path} is held by another process`)
        await setTimeout(LOCK_POLL_MS, undefined, { signal })
      }
      return () => release(path, holder)
    },
  }
}

/** A failure is not kept: the next call tries again. */
function once(work: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | null = null
  return () => {
    done ??= work().catch((error) => {
      done = null
      throw error
    })
    return done
  }
}

async function prepare(directory: string): Promise<void> {
  preparePrivateDirectory(directory)
  // A secret that was rotated away leaves its token file behind.
  for (const name of await readdir(directory)) {
    if (!/^[0-9a-f]{64}\./.test(name)) continue
    const path = join(directory, name)
    const { mtimeMs } = await lstat(path).catch(() => ({ mtimeMs: Number.POSITIVE_INFINITY }))
    if (Date.now() - mtimeMs > FORGOTTEN_AFTER_MS) await unlink(path).catch(() => {})
  }
}

async function readOwn(path: string): Promise<string | null> {
  const file = await openPrivateFile(path, 'read')
  if (file === null) return null
  try {
    if ((await file.stat()).size > MAX_FILE_BYTES) throw new Error(`${path} is too long`)
    return await file.readFile('utf8')
  } finally {
    await file.close()
  }
}

async function take(path: string, holder: string): Promise<boolean> {
  try {
    await writeFile(path, holder, { mode: 0o600, flag: 'wx' })
    return true
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false
    throw error
  }
}

/**
 * Two processes that find the same stale lock may both continue; then two tokens are requested
 * instead of one, which does no harm. The lock only saves requests; nothing depends on it.
 */
async function breakIfStale(path: string, lockStaleMs: number): Promise<void> {
  const { mtimeMs } = await lstat(path).catch(() => ({ mtimeMs: Date.now() }))
  if (Math.abs(Date.now() - mtimeMs) > lockStaleMs) await unlink(path).catch(ifMissing)
}

/** Keeps a lock that another process acquired after ours was broken. */
async function release(path: string, holder: string): Promise<void> {
  const found = await readOwn(path)
  if (found === holder) await unlink(path).catch(ifMissing)
}

function ifMissing(error: unknown): null {
  if (hasCode(error, 'ENOENT')) return null
  throw error
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}
