/**
 * How long data is kept: what the installation says, unless something was said for the
 * organization.
 */

const DAY_MS = 86_400_000

/** Data of before is too old; null: none is. */
export function cutoffMs(nowMs: number, days: number | null): number | null {
  return days === null ? null : nowMs - days * DAY_MS
}
