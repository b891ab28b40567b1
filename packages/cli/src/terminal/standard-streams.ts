/**
 * Whoever reads what we print may have seen enough (`2>&1 | head`): that is no fault, and ends a command.
 *
 * Standard error is not opened before something is written to it: Node makes a pipe of it that does not wait for
 * its reader, and `serve` has its log go there in its own way.
 */

import { printable } from './terminal-text.ts'

/** What a shell says of a program that SIGPIPE ended. */
const READER_GONE_STATUS = 141

/** @param goesOn whether the command does, without anybody who reads its results. */
export function followReader(goesOn: () => boolean): void {
  process.stdout.on('error', (error) => {
    assertReaderGone(error)
    if (!goesOn()) process.exit(READER_GONE_STATUS)
  })
}

/** For what is not a result: complaints, and how far a command has come. Line ends in it are ours. */
export function writeError(text: string): void {
  const { stderr } = process
  if (stderr.listenerCount('error', end) === 0) stderr.on('error', end)
  stderr.write(printable(text))
}

function end(error: Error): void {
  assertReaderGone(error)
  process.exit(READER_GONE_STATUS)
}

/** @throws what it was given, when that is another fault. */
function assertReaderGone(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error
}
