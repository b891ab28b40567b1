/**
 * The priority of a thread below that of the main thread, which has less to do and which all
 * requests need.
 */

import { getPriority, setPriority } from 'node:os'

/** Nice value, setpriority(2). */
const NICENESS = 10

/**
 * For where there are fewer processors than busy threads. Only Linux has a priority for each
 * thread.
 */
export function yieldToOthers(): void {
  if (process.platform !== 'linux') return
  try {
    setPriority(Math.max(NICENESS, getPriority()))
  } catch {
    // A sandbox may forbid it; then this thread competes as any other.
  }
}
