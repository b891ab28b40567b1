/**
 * Lets what arrived together go on together.
 *
 * One request after the other from its first byte to its last makes each step load again what the
 * steps before it have pushed out of the processor's caches. When all that wait take the same step
 * one after the other, only the first of them pays: `await` resumes in order, so each step of all
 * comes before the next step of any. ADR 25 has the figures.
 */

/** Ends when the others have come as far. */
export type Turn = () => Promise<void>

/**
 * @param atMost so many go on in one turn, the others in the next, with whatever else the event
 *   loop has to do between them.
 * @param schedule runs the release. `setImmediate`: waits for every request that can be read now.
 *   `process.nextTick`: only for steps already under way, as after another turn. Waiting longer
 *   would split the group: latecomers would form a second one, and the two would stay apart.
 */
export function createTurn(atMost: number, schedule: (release: () => void) => void): Turn {
  let waiting: (() => void)[] = []
  const release = (): void => {
    for (const goOn of waiting.slice(0, atMost)) goOn()
    waiting = waiting.slice(atMost)
    if (waiting.length > 0) setImmediate(release)
  }
  return () =>
    new Promise((resolve) => {
      if (waiting.push(resolve) === 1) schedule(release)
    })
}
