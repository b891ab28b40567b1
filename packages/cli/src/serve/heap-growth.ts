/** How V8 lets the heap of a server grow. */

import { setFlagsFromString } from 'node:v8'

/**
 * By default V8 lets a small heap grow by only a few megabytes. A client that sends reports of 1
 * MiB then triggers more than two old-generation collections per second, each blocking requests for
 * up to 10 ms. Growing by 150 % of the live heap reduces that to one every few seconds, and uses
 * that much more memory.
 */
const HEAP_GROWING_PERCENT = 150

/**
 * Modules that are loaded, and what a start makes, survive collections of the young generation,
 * which therefore grows to 16 MB, though an idle server needs little of them: V8 gives none back.
 * It keeps its size during the start, and grows with the load afterwards.
 */
const YOUNG_GROWTH = { start: 1, serving: 2 } as const

/** Takes effect at once: V8 reads the flags after each collection. */
export function letHeapGrow(phase: keyof typeof YOUNG_GROWTH): void {
  setFlagsFromString(`--heap-growing-percent=${HEAP_GROWING_PERCENT}`)
  setFlagsFromString(`--semi-space-growth-factor=${YOUNG_GROWTH[phase]}`)
}
