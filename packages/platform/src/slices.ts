/**
 * Long work on the event loop, cut in slices of a few milliseconds.
 *
 * Between two slices the loop does everything else that is ready, whoever's it is; and of all that long work only
 * one slice runs each time round, tenant by tenant. So a request that costs little waits for one slice, not
 * for as many as there are long ones.
 */

import { FairQueue } from './fair-queue.ts'

/** @returns resolves when it is the turn of `name`; the slice ends with the next `await` of the loop. */
export type NextSlice = (name: string) => Promise<void>

export function createSlices(): NextSlice {
  const waiting = new FairQueue<() => void>()
  function begin(): void {
    waiting.take()?.()
    if (waiting.size > 0) setImmediate(begin)
  }
  return (name) =>
    new Promise((resolve) => {
      waiting.add(name, resolve)
      if (waiting.size === 1) setImmediate(begin)
    })
}

/** One for the process, as the event loop is. */
export const nextSlice: NextSlice = createSlices()
