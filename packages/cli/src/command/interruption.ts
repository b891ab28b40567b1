/**
 * Signals that end a command, for commands that finish or clear away what they began.
 *
 * One Ctrl-C may arrive twice: the terminal sends it to every process of the command, and `npx` and
 * bin/miot.mjs pass it on. A listener that the first signal removes lets the second kill the
 * process halfway.
 */

/** A terminal that is closed sends SIGHUP. */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/**
 * Calls `interrupt` for every signal until the result is disposed. It must bear a second call.
 *
 * After a signal it listens on, since the command then ends by itself, with an exit status.
 */
export function onInterrupt(interrupt: (name: NodeJS.Signals, number: number) => void): Disposable {
  let isInterrupted = false
  const listener = (name: NodeJS.Signals, number: number): void => {
    isInterrupted = true
    interrupt(name, number)
  }
  for (const name of SIGNALS) process.on(name, listener)
  return {
    [Symbol.dispose]() {
      if (isInterrupted) return
      for (const name of SIGNALS) process.off(name, listener)
    },
  }
}
