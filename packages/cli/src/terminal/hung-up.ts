/** SIGHUP has two meanings: an operator sends it, or the terminal of the process was closed. */

import { isatty } from 'node:tty'

const STANDARD_STREAMS = [0, 1, 2]

/** @returns a function that says whether a terminal that is there now has been closed. */
export function followTerminal(): () => boolean {
  const terminal = STANDARD_STREAMS.find(isatty)
  return () => terminal !== undefined && !isatty(terminal)
}
