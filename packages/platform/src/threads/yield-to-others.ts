/**
 * Lowers a thread's priority below that of the main thread, which does less work and which every
 * request needs.
 */

import { getPriority, setPriority } from 'node:os'

/** Nice value, setpriority(2). */
const NICENESS = 10

/** For machines with fewer processors than busy threads. Only Linux has priorities per thread. */
export function yieldToOthers(): void {
  if (process.platform !== 'linux') return
  try {
    setPriority(Math.max(NICENESS, getPriority()))
  } catch {
    // A sandbox may forbid it; then this thread runs at normal priority.
  }
}
