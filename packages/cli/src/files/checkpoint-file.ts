/**
 * The file of audit checkpoints: one line of JSON each, append-only, readable by its owner only.
 */

import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  fsyncSync,
  openSync,
  readFileSync,
  readSync,
  writeSync,
} from 'node:fs'
import type { SignedCheckpoint } from '@modulariot/auth'
import { writePrivateFile } from './private-file.ts'

/**
 * Limit of the server's own file. About 1700 checkpoints: more than two months of a trail that
 * changes every hour.
 */
export const MAX_FILE_BYTES = 1024 * 1024

/**
 * Appends the checkpoint.
 *
 * @param maxBytes a larger file drops its older half; without it, the file grows without limit.
 * @throws Error of the file system, and for a path that is a symbolic link.
 */
export function appendCheckpoint(
  path: string,
  checkpoint: SignedCheckpoint,
  maxBytes = Number.POSITIVE_INFINITY,
): void {
  const { O_RDWR, O_APPEND, O_CREAT, O_NOFOLLOW } = constants
  const file = openSync(path, O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW, 0o600)
  let size: number
  try {
    size = fstatSync(file).size
    // A crash may have left half a line; this one must not be joined to it.
    const start = size === 0 || lastByte(file, size) === 10 ? '' : '\n'
    writeSync(file, `${start}${JSON.stringify(checkpoint)}\n`)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
  if (size > maxBytes) {
    const lines = readFileSync(path, 'utf8').trimEnd().split('\n')
    writePrivateFile(path, `${lines.slice(Math.ceil(lines.length / 2)).join('\n')}\n`)
  }
}

function lastByte(file: number, size: number): number | undefined {
  const byte = Buffer.alloc(1)
  readSync(file, byte, 0, 1, size - 1)
  return byte[0]
}

/** Checkpoints in a text, and the lines without one. */
export interface FoundCheckpoints {
  readonly checkpoints: readonly string[]
  /** Line numbers, from 1. */
  readonly unreadable: readonly number[]
}

/**
 * The checkpoints in a file; none when it is missing.
 *
 * @throws Error of the file system.
 */
export function readCheckpoints(path: string): FoundCheckpoints {
  if (!existsSync(path)) return { checkpoints: [], unreadable: [] }
  return findCheckpoints(readFileSync(path, 'utf8'))
}

/**
 * Finds compact JWSs and the JSON printed by `miot audit checkpoint --json`, the admin API or the
 * server's log: one per line, or a single JSON value.
 */
export function findCheckpoints(text: string): FoundCheckpoints {
  const whole = checkpointIn(text)
  if (whole !== null) return { checkpoints: [whole], unreadable: [] }
  const checkpoints: string[] = []
  const unreadable: number[] = []
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue
    const checkpoint = checkpointIn(line)
    if (checkpoint === null) unreadable.push(index + 1)
    else checkpoints.push(checkpoint)
  }
  return { checkpoints, unreadable }
}

function checkpointIn(text: string): string | null {
  const trimmed = text.trim()
  if (/^[\w-]+\.[\w-]+\.[\w-]+$/.test(trimmed)) return trimmed
  try {
    const { checkpoint } = JSON.parse(trimmed) as { checkpoint?: unknown }
    if (typeof checkpoint === 'string') return checkpoint
    return isSegments(checkpoint) ? checkpoint.join('.') : null
  } catch {
    return null
  }
}

/** The log redacts anything that looks like a token, so it gets the three segments separately. */
export function segmentsOf(checkpoint: string): string[] {
  return checkpoint.split('.')
}

function isSegments(value: unknown): value is string[] {
  return (
    Array.isArray(value) && value.length === 3 && value.every((part) => typeof part === 'string')
  )
}
