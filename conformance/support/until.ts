/** Waits for what a server writes in the background. */

import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'

/** The first value that is not undefined; fails after half a minute, or `withinMs`. */
export async function until<Value>(
  read: () => Promise<Value | undefined>,
  withinMs = 30_000,
): Promise<Value> {
  const deadline = performance.now() + withinMs
  for (;;) {
    const found = await read()
    if (found !== undefined) return found
    assert.ok(performance.now() < deadline, 'not in time')
    await sleep(100)
  }
}
