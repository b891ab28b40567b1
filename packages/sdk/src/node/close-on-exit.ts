/** An orderly end: what is buffered is sent before the process goes, if it can be sent in time. */

interface Closable {
  close(options: { readonly deadlineMs: number }): Promise<unknown>
}

export interface CloseOnExitOptions {
  /** SIGTERM and SIGINT. */
  readonly signals?: readonly NodeJS.Signals[]
  /** For each buffer. Five seconds. */
  readonly deadlineMs?: number
}

/**
 * Closes buffers when the process is asked to end, or has nothing left to do; then it ends as it
 * would have. Never called by the SDK itself: signals are the application's business.
 *
 * @returns how to take it back.
 */
export function closeOnExit(
  buffers: readonly Closable[],
  { signals = ['SIGTERM', 'SIGINT'], deadlineMs = 5_000 }: CloseOnExitOptions = {},
): () => void {
  const closeAll = () => Promise.allSettled(buffers.map((buffer) => buffer.close({ deadlineMs })))
  async function onSignal(signal: NodeJS.Signals): Promise<void> {
    // Whoever asks a second time does not want to wait.
    takeBack()
    await closeAll()
    process.kill(process.pid, signal)
  }
  function onIdle(): void {
    takeBack()
    closeAll()
  }
  function takeBack(): void {
    for (const signal of signals) process.off(signal, onSignal)
    process.off('beforeExit', onIdle)
  }
  for (const signal of signals) process.on(signal, onSignal)
  process.on('beforeExit', onIdle)
  return takeBack
}
