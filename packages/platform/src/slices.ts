/**
 * Long work on the event loop, cut into slices of a few milliseconds.
 *
 * Between two slices the loop makes a few rounds and does everything else that is ready; of all the
 * long work only one slice runs, tenant by tenant. A short request takes about as many rounds from
 * its first byte to its last, so it waits for one or two slices: not for one in each of its steps,
 * and not for one per long request. Rounds without work take microseconds, so on an idle server
 * long work is hardly slower.
 */

import { FairQueue } from './fair-queue.ts'

/**
 * @returns resolves when it is the turn of `name`; the slice ends with the caller's next `await` of
 *   the event loop.
 */
export type NextSlice = (name: string) => Promise<void>

/** Rounds of the event loop between two slices: read, group, sign or store, answer. */
const ROUNDS_BETWEEN = 4

export function createSlices(roundsBetween: number = ROUNDS_BETWEEN): NextSlice {
  const waiting = new FairQueue<() => void>()
  /** True while a slice runs, and in the rounds after it. */
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

/** One per process, like the event loop. */
export const nextSlice: NextSlice = createSlices()
