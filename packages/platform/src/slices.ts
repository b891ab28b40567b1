/**
 * Long work on the event loop, cut in slices of a few milliseconds.
 *
 * Between two slices the loop goes round a few times and does everything else that is ready; of all
 * that long work only one slice runs, tenant by tenant. A short request takes about as many rounds
 * from its first byte to its last, so it waits for one slice or two, not for one in each of its
 * steps, and not for as many as there are long requests. Rounds without work take microseconds, so
 * alone the long work is hardly slower.
 */

import { FairQueue } from './fair-queue.ts'

/**
 * @returns resolves when it is the turn of `name`; the slice ends with the next `await` of the
 *   loop.
 */
export type NextSlice = (name: string) => Promise<void>

/**
 * Of the event loop, between two slices: reading, a turn of its kind, signing or storing,
 * answering.
 */
const ROUNDS_BETWEEN = 4

export function createSlices(roundsBetween: number = ROUNDS_BETWEEN): NextSlice {
  const waiting = new FairQueue<() => void>()
  /** A slice runs, or the rounds after one do. */
  let busy = false
  function begin(): void {
    const run = waiting.take()
    busy = run !== undefined
    if (run === undefined) return
    run()
    afterRounds(roundsBetween, begin)
  }
  return (name) =>
    new Promise((resolve) => {
      waiting.add(name, resolve)
      if (busy) return
      busy = true
      setImmediate(begin)
    })
}

function afterRounds(rounds: number, then: () => void): void {
  if (rounds === 0) then()
  else setImmediate(afterRounds, rounds - 1, then)
}

/** One for the process, as the event loop is. */
export const nextSlice: NextSlice = createSlices()
