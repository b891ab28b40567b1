/** Timestamps in tables, in UTC. JSON output keeps the full form. */

/** `2026-01-02T03:04:05.678Z` as `2026-01-02 03:04:05`. */
export function toSecond(timestamp: string): string {
  return timestamp.slice(0, 19).replace('T', ' ')
}

/** `2026-01-02T03:04:05.678Z` as `2026-01-02 03:04`. */
export function toMinute(timestamp: string): string {
  return timestamp.slice(0, 16).replace('T', ' ')
}
