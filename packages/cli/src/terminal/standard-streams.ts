/**
 * Standard output and standard error. The reader of a pipe may close it early (`2>&1 | head`),
 * which ends a command without an error message.
 *
 * Standard error is opened only when something is written to it: opening makes Node set the pipe to
 * non-blocking, and the log of `serve` writes to the same descriptor itself.
 */

import { styleText } from 'node:util'
import type { Terminal } from './output.ts'
import { printable } from './terminal-text.ts'

/** Exit status of a program ended by SIGPIPE, as shells report it: 128 + 13. */
const PIPE_CLOSED_STATUS = 141

/** @param continues whether the command keeps running without its output. */
export function endWhenOutputCloses(continues: () => boolean): void {
  process.stdout.on('error', (error) => {
    assertPipeClosed(error)
    if (!continues()) process.exit(PIPE_CLOSED_STATUS)
  })
}

/** Standard output as it is now. Colours as Node decides: a terminal, `NO_COLOR`, `FORCE_COLOR`. */
export function standardTerminal(): Terminal {
  const { stdout } = process
  return {
    width: widthOf(stdout),
    bold: (text) => styleText('bold', text, { stream: stdout }),
  }
}

/** A terminal whose size was never set has 0 columns, such as one of `script` in a job. */
export function widthOf({ columns }: { readonly columns?: number }): number {
  return columns || Number.POSITIVE_INFINITY
}

/** Prints errors and progress, as opposed to results. Keeps the line breaks in `text`. */
export function writeError(text: string): void {
  standardError().write(printable(text))
}

/** Prints why a command failed. Keeps the line breaks in `text`. */
export function writeFailure(text: string): void {
  const stderr = standardError()
  stderr.write(`${styleText('red', 'miot:', { stream: stderr })} ${printable(text)}\n`)
}

function standardError(): NodeJS.WriteStream {
  const { stderr } = process
  if (stderr.listenerCount('error', end) === 0) stderr.on('error', end)
  return stderr
}

function end(error: Error): void {
  assertPipeClosed(error)
  process.exit(PIPE_CLOSED_STATUS)
}

/** @throws `error`, unless it means that the reader closed the pipe. */
function assertPipeClosed(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error
}
