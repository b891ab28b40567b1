/**
 * Computes when data expires, from the retention of the organization or the default of the
 * installation.
 */

const DAY_MS = 86_400_000

/** Data before this time has expired; null: none has. */
export function cutoffMs(nowMs: number, days: number | null): number | null {
  return days === null ? null : nowMs - days * DAY_MS
}
