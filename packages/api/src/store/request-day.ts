/**
 * The day on which a request was received, which is all that the table of requests knows of the
 * time: a request expires by days.
 */

const DAY_MS = 86_400_000
/** A report may be that much later, by device time, than it was received. */
const MAX_AHEAD_MS = 3_600_000

/** Days since 1970. */
export const dayOf = (received_ms: number): number => Math.floor(received_ms / DAY_MS)

/**
 * Requests of earlier days have expired.
 *
 * @param before_ms older data has expired, by device time.
 */
export const firstRetainedDay = (before_ms: number): number => dayOf(before_ms - MAX_AHEAD_MS)
