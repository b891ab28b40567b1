/** How far V8 lets the heap grow before it collects the old generation. */

import { setFlagsFromString } from 'node:v8'

/**
 * Left to itself, V8 lets a small heap grow by a few megabytes: a client that sends reports of a
 * mebibyte makes it collect the old generation more than twice a second, up to ten milliseconds
 * each, in which no request is served. With room for one and a half times what is alive it does so
 * every few seconds. It costs as much memory.
 */
const HEAP_GROWING_PERCENT = 150

/** For the process; V8 reads the flag after each collection, so the heap may exist already. */
export function letHeapGrow(): void {
  setFlagsFromString(`--heap-growing-percent=${HEAP_GROWING_PERCENT}`)
}
