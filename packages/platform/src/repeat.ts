/**
 * Work that runs periodically beside requests, in one process or in many that were started
 * together.
 */

export interface RepeatOptions {
  /** Milliseconds from the start to the first round, and from the end of one round to the next. */
  readonly firstAfterMs: number
  readonly intervalMs: number
  /**
   * Called with what a round threw; not after it was stopped, since the store may be closed by
   * then.
   */
  readonly onError: (error: unknown) => void
}

/** Makes instances that were started together drift apart. */
const JITTER = 0.2

/**
 * Repeats a round until it is stopped. The timer does not keep the process alive.
 *
 * @param round gets a function that returns whether it was stopped, to end early.
 * @returns a function that stops it; a round already under way continues.
 */
export function repeat(
  round: (stopped: () => boolean) => Promise<void>,
  { firstAfterMs, intervalMs, onError }: RepeatOptions,
): () => void {
  let isStopped = false
  let timer = setTimeout(run, firstAfterMs).unref()
  async function run(): Promise<void> {
    await round(() => isStopped).catch((error) => {
      if (!isStopped) onError(error)
    })
    if (isStopped) return
    const spread = 1 + JITTER * (Math.random() * 2 - 1)
    timer = setTimeout(run, intervalMs * spread).unref()
  }
  return () => {
    isStopped = true
    clearTimeout(timer)
  }
}
