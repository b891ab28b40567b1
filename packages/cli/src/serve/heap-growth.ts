/** How much the heap grows before V8 collects the old generation. */

import { setFlagsFromString } from 'node:v8'

/**
 * By default V8 lets a small heap grow by only a few megabytes. A client that sends reports of 1
 * MiB then triggers more than two old-generation collections per second, each blocking requests for
 * up to 10 ms. Growing by 150 % of the live heap reduces that to one every few seconds, and uses
 * that much more memory.
 */
const HEAP_GROWING_PERCENT = 150

/** Takes effect at once: V8 reads the flag after each collection. */
export function letHeapGrow(): void {
  setFlagsFromString(`--heap-growing-percent=${HEAP_GROWING_PERCENT}`)
}
