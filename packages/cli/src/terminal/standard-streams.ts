/**
 * Standard output and standard error, whose other end may close early (`2>&1 | head`): that is no
 * fault, and ends a command.
 *
 * Standard error is not opened before something is written to it: Node makes a pipe non-blocking,
 * and the log of `serve` writes to the same descriptor in its own way.
 */

import { printable } from './terminal-text.ts'

/** As shells report a program that SIGPIPE ended: 128 + 13. */
const PIPE_CLOSED_STATUS = 141

/** @param goesOn whether the command continues when its results go nowhere. */
export function endWhenOutputCloses(goesOn: () => boolean): void {
  process.stdout.on('error', (error) => {
    assertPipeClosed(error)
    if (!goesOn()) process.exit(PIPE_CLOSED_STATUS)
  })
}

/** Prints errors and progress, which are no results. Line ends in `text` are ours. */
export function writeError(text: string): void {
  const { stderr } = process
  if (stderr.listenerCount('error', end) === 0) stderr.on('error', end)
  stderr.write(printable(text))
}

function end(error: Error): void {
  assertPipeClosed(error)
  process.exit(PIPE_CLOSED_STATUS)
}

/** @throws `error`, unless it says that the other end has closed. */
function assertPipeClosed(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error
}
