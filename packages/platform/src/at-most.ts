/**
 * Options of an `lru-cache` that holds at most so many entries, and takes memory as they come. Its
 * `max` reserves memory for all of them at once: 17 ms and 5 MB for those of a server.
 */
export function atMost(entries: number): {
  readonly maxSize: number
  readonly sizeCalculation: () => 1
} {
  return { maxSize: entries, sizeCalculation: () => 1 }
}
