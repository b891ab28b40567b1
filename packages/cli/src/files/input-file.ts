/** Reads files of the operator that may be large, or not what they should be. */

import { createReadStream } from 'node:fs'
import { addAbortSignal, type Readable } from 'node:stream'
import { CliError } from '../errors/cli-error.ts'

const READ_BYTES = 256 * 1024

/**
 * The bytes of a file, or of standard input (`-`).
 *
 * @param signal closes the file, and ends a read that waits with its reason.
 * @throws CliError when it cannot be read, or is UTF-16.
 */
export async function* readChunks(
  path: string,
  signal: AbortSignal,
): AsyncGenerator<Buffer, undefined> {
  const stream: Readable =
    path === '-' ? process.stdin : createReadStream(path, { highWaterMark: READ_BYTES })
  addAbortSignal(signal, stream)
  let isFirst = true
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      if (isFirst) assertNotUtf16(path, chunk)
      isFirst = false
      yield chunk
    }
  } catch (error) {
    signal.throwIfAborted()
    if (error instanceof CliError) throw error
    const { code = '', message } = error as NodeJS.ErrnoException
    throw new CliError('not_found', `Cannot read ${path} (${code === '' ? message : code})`)
  }
}

/** Windows PowerShell writes UTF-16 with `>`. */
function assertNotUtf16(path: string, [one, two]: Buffer): void {
  const mark = ((one ?? 0) << 8) | (two ?? 0)
  if (mark !== 0xfffe && mark !== 0xfeff) return
  throw new CliError('failure', `${path} is UTF-16: save it as UTF-8`)
}
