/**
 * Answers after a multiple of a fixed time, so that the answer's time does not tell whether an
 * account exists: the work for one that exists differs by a few milliseconds.
 */

import { setTimeout as sleep } from 'node:timers/promises'

const STEP_MS = 250

export async function inSteadyTime<Result>(work: () => Promise<Result>): Promise<Result> {
  const start = performance.now()
  try {
    return await work()
  } finally {
    const elapsed = performance.now() - start
    await sleep(Math.ceil(elapsed / STEP_MS) * STEP_MS - elapsed)
  }
}
