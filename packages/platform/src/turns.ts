/**
 * Moves requests that arrived together through their steps together.
 *
 * Running one request from its first byte to its last before the next makes each step reload what
 * earlier steps evicted from the processor's caches. When all waiting requests take the same step
 * one after the other, only the first pays: `await` resumes in order, so every request finishes a
 * step before any starts the next. ADR 25 has the figures.
 */

/** Resolves when the other requests have reached the same step. */
export type Turn = () => Promise<void>

/**
 * @param atMost how many continue in one turn; the rest continue in the next, after whatever else
 *   the event loop has to do.
 * @param schedule runs the release. `setImmediate`: waits for every request that can be read now.
 *   `process.nextTick`: only for steps already under way, as after another turn. Waiting longer
 *   would split the group: latecomers would form a second one, and the two would stay apart.
 */
export function createTurn(atMost: number, schedule: (release: () => void) => void): Turn {
  let waiting: (() => void)[] = []
  const release = (): void => {
    for (const resume of waiting.slice(0, atMost)) resume()
    waiting = waiting.slice(atMost)
    if (waiting.length > 0) setImmediate(release)
  }
  return () =>
    new Promise((resolve) => {
      if (waiting.push(resolve) === 1) schedule(release)
    })
}
