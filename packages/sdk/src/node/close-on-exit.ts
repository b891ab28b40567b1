/** An orderly shutdown: sends what is buffered before the process ends, if there is time. */

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
 * Closes buffers on a signal, or when the process has nothing left to do; then the process ends as
 * usual. The SDK never calls it by itself: signals belong to the application.
 *
 * @returns a function that undoes it.
 */
export function closeOnExit(
  buffers: readonly Closable[],
  { signals = ['SIGTERM', 'SIGINT'], deadlineMs = 5_000 }: CloseOnExitOptions = {},
): () => void {
  const closeAll = () => Promise.allSettled(buffers.map((buffer) => buffer.close({ deadlineMs })))
  async function onSignal(signal: NodeJS.Signals): Promise<void> {
    // A second signal ends the process without waiting.
    removeListeners()
    await closeAll()
    process.kill(process.pid, signal)
  }
  function onIdle(): void {
    removeListeners()
    closeAll()
  }
  function removeListeners(): void {
    for (const signal of signals) process.off(signal, onSignal)
    process.off('beforeExit', onIdle)
  }
  for (const signal of signals) process.on(signal, onSignal)
  process.on('beforeExit', onIdle)
  return removeListeners
}
