/**
 * The files of a spool directory: numbered segments, only ever appended to and deleted as a whole,
 * and a note of how far they have been delivered.
 *
 * The note is not forced to disk. If it is lost, only the reports of a segment are sent again, and
 * the server keeps each request id once.
 */

import { open, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { NotPrivateError, openPrivateFile } from '@modulariot/oauth/node'
import { checksum } from './spool-line.ts'

const SEGMENT = /^(\d{10})\.log$/

export interface Position {
  readonly segment: number
  readonly offset: number
}

export function segmentPath(directory: string, segment: number): string {
  return join(directory, `${String(segment).padStart(10, '0')}.log`)
}

/** Numbers of the existing segments, oldest first. */
export async function segmentsIn(directory: string): Promise<number[]> {
  const numbers = (await readdir(directory)).map((name) => Number(SEGMENT.exec(name)?.[1] ?? 0))
  return numbers.filter((number) => number > 0).sort((a, b) => a - b)
}

/**
 * Reads a segment. Its reports are sent in our name, so other users must not be able to write them.
 *
 * @throws NotPrivateError; the file system's own errors.
 */
export async function readSegment(directory: string, segment: number): Promise<Buffer> {
  const path = segmentPath(directory, segment)
  const file = await openPrivateFile(path, 'write')
  if (file === null) throw Object.assign(new Error(`${path} is missing`), { code: 'ENOENT' })
  try {
    return await file.readFile()
  } finally {
    await file.close()
  }
}

/**
 * How far delivery has come; the very beginning when the note is missing or damaged.
 *
 * @throws NotPrivateError when another user may have written the note.
 */
export async function readPosition(directory: string): Promise<Position> {
  const text = await readNote(join(directory, 'position')).catch((error: unknown) => {
    if (error instanceof NotPrivateError) throw error
    return ''
  })
  const match = /^([0-9a-f]+) ((\d+) (\d+))\n$/.exec(text)
  // A damaged note could cause undelivered reports to be deleted.
  if (match === null || match[1] !== checksum(match[2] as string)) return { segment: 0, offset: 0 }
  return { segment: Number(match[3]), offset: Number(match[4]) }
}

async function readNote(path: string): Promise<string> {
  const file = await openPrivateFile(path, 'write')
  if (file === null) return ''
  try {
    return await file.readFile('utf8')
  } finally {
    await file.close()
  }
}

export async function writePosition(directory: string, position: Position): Promise<void> {
  const next = join(directory, 'position.next')
  const note = `${position.segment} ${position.offset}`
  // May be left by a crash, or be a link: always created anew, never written through.
  await rm(next, { force: true })
  await writeFile(next, `${checksum(note)} ${note}\n`, { mode: 0o600, flag: 'wx' })
  await rename(next, join(directory, 'position'))
}

export async function removeSegment(directory: string, segment: number): Promise<void> {
  await rm(segmentPath(directory, segment), { force: true })
}

/**
 * Makes the name of a new file as durable as its content. Systems that cannot open a directory do
 * not need this.
 */
export async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r').catch(() => null)
  if (handle === null) return
  try {
    await handle.sync().catch(() => {})
  } finally {
    await handle.close()
  }
}
