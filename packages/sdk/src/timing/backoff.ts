/** How long to wait before a retry. Arithmetic only. */

export interface BackoffLimits {
  readonly baseMs: number
  readonly maxMs: number
}

/**
 * Doubles with each failure, with jitter over the upper half so that a fleet does not retry in
 * step. Never less than the server's `Retry-After`, and up to a quarter more.
 *
 * @param failures in a row, from 1.
 * @param chance from 0 to 1.
 */
export function backoffMs(
  failures: number,
  retryAfterSeconds: number | null,
  { baseMs, maxMs }: BackoffLimits,
  chance: number,
): number {
  const doubled = Math.min(maxMs, baseMs * 2 ** (failures - 1))
  const own = doubled * (0.5 + chance / 2)
  return Math.max(own, (retryAfterSeconds ?? 0) * 1000 * (1 + chance / 4))
}
