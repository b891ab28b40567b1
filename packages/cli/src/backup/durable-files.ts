/** Files of a backup: copied readable by their owner only, summed, and synced to the disk. */

import { createHash } from 'node:crypto'
import {
  closeSync,
  constants,
  fsyncSync,
  openSync,
  readSync,
  rmSync,
  statfsSync,
  writeSync,
} from 'node:fs'
import { onInterrupt } from '../command/interruption.ts'
import { CliError } from '../errors/cli-error.ts'

export interface Sum {
  readonly bytes: number
  /** SHA-256 in hexadecimal. */
  readonly sha256: string
}

const CHUNK_BYTES = 1024 * 1024

/** Syncs a file to the disk, and sums it. */
export function syncAndSum(path: string): Sum {
  return withFile(path, constants.O_RDWR, (file) => {
    fsyncSync(file)
    return readAll(file, () => undefined)
  })
}

/** Creates `to`, synced to the disk. Returns the sum of what it wrote. */
export function copyDurably(from: string, to: string): Sum {
  return withFile(from, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0), (source) =>
    withFile(to, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, (target) => {
      const sum = readAll(source, (chunk) => writeAll(target, chunk))
      fsyncSync(target)
      return sum
    }),
  )
}

/** A new or renamed file is durable only once its directory is synced. */
export function syncDirectory(path: string): void {
  // Windows cannot open a directory.
  if (process.platform === 'win32') return
  withFile(path, constants.O_RDONLY, fsyncSync)
}

/** @throws CliError when the file system of `directory` has less space. */
export function assertSpace(directory: string, bytes: number): void {
  const { bavail, bsize } = statfsSync(directory)
  const free = bavail * bsize
  if (free >= bytes) return
  const [needed, left] = [bytes, free].map((size) => `${(size / 1024 ** 2).toFixed(1)} MiB`)
  throw new CliError(
    'failure',
    `${directory} has ${left} free, and ${needed} are needed: free some space, or use another disk`,
  )
}

/**
 * Runs `work`, and removes the directory when it fails or a signal ends this process.
 *
 * @param remove the directory, which this process created.
 */
export async function withUnfinished<Result>(
  remove: string,
  work: () => Promise<Result>,
): Promise<Result> {
  // Another thread may be copying into it, and create a file while the others are removed.
  const clear = (): void =>
    rmSync(remove, { recursive: true, force: true, maxRetries: 10, retryDelay: 20 })
  const end = (_name: NodeJS.Signals, number: number): void => {
    try {
      clear()
    } finally {
      process.exit(128 + number)
    }
  }
  using _interrupted = onInterrupt(end)
  try {
    return await work()
  } catch (error) {
    clear()
    throw error
  }
}

function withFile<Result>(path: string, flags: number, work: (file: number) => Result): Result {
  const file = openSync(path, flags, 0o600)
  try {
    return work(file)
  } finally {
    closeSync(file)
  }
}

function readAll(file: number, use: (chunk: Uint8Array) => void): Sum {
  const hash = createHash('sha256')
  const buffer = new Uint8Array(CHUNK_BYTES)
  let bytes = 0
  for (;;) {
    const length = readSync(file, buffer)
    if (length === 0) return { bytes, sha256: hash.digest('hex') }
    const chunk = buffer.subarray(0, length)
    hash.update(chunk)
    use(chunk)
    bytes += length
  }
}

function writeAll(file: number, chunk: Uint8Array): void {
  for (let done = 0; done < chunk.length; ) done += writeSync(file, chunk, done)
}
