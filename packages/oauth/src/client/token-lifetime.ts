/**
 * How long a token is used and when the next one is fetched. Arithmetic only: no clock, no I/O.
 *
 * All times are milliseconds from the moment the request for the token was begun: the server cannot
 * have issued it before, so it cannot end before `lifetimeMs` by its own clock.
 */

export interface TokenLifetime {
  /** From here on the token is not given out. */
  readonly usableMs: number
  /** From here on the next call fetches a new one in the background. */
  readonly refreshMs: number
}

const MINUTE_MS = 60_000
/** A token this close to its end might not survive the way to the API. */
const MAX_MARGIN_MS = 5_000
const DEFAULT_LEAD_MS = 20 * MINUTE_MS
/** No server means a longer one; it guards the arithmetic, and timers. */
const MAX_LIFETIME_SECONDS = 366 * 86_400

/** The window in which a refresh falls, as parts of the time it is meant for. */
const EARLIEST = 0.7
const LATEST = 1.25

/**
 * @param expires_in as it came (RFC 6749 §5.1).
 * @param refresh_in as it came; ours, not the RFC's.
 * @param chance from 0 to 1, new for each token.
 * @returns null when `expires_in` says nothing usable: the token is good for now, and not to be
 *   kept.
 */
export function tokenLifetime(
  expires_in: unknown,
  refresh_in: unknown,
  chance: number,
): TokenLifetime | null {
  if (!isSeconds(expires_in)) return null
  const lifetimeMs = Math.min(expires_in, MAX_LIFETIME_SECONDS) * 1000
  const usableMs = lifetimeMs - Math.min(MAX_MARGIN_MS, lifetimeMs / 10)
  const hinted = isSeconds(refresh_in) && refresh_in * 1000 < lifetimeMs
  const lead = Math.min(lifetimeMs / 2, DEFAULT_LEAD_MS)
  const meantMs = hinted ? refresh_in * 1000 : lifetimeMs - lead
  return { usableMs, refreshMs: spread(meantMs, lifetimeMs, chance) }
}

/**
 * A moment around the one that is meant, evenly spread.
 *
 * The window is wide, more than half of its middle: only then does a fleet that booted in the same
 * second come back over the whole cycle instead of in a peak (the simulation in `fleet.test.ts`
 * shows it). Where its end would come too close to the token's, the whole window comes earlier;
 * cutting it off would gather the fleet at the cut.
 */
function spread(meantMs: number, lifetimeMs: number, chance: number): number {
  const latestUseful = lifetimeMs - Math.min(DEFAULT_LEAD_MS, lifetimeMs / 10)
  const latest = Math.min(meantMs * LATEST, latestUseful)
  const earliest = latest * (EARLIEST / LATEST)
  return earliest + (latest - earliest) * chance
}

/**
 * How long to leave the server alone after a failed refresh.
 *
 * About a minute, less for a token that lives minutes only; never sooner than `Retry-After` asked,
 * nor at once when it asked for that: nobody waits yet.
 */
export function refreshBackoffMs(
  usableMs: number,
  retryAfterSeconds: number | null,
  chance: number,
): number {
  const own = Math.min(MINUTE_MS, usableMs / 10)
  if (retryAfterSeconds === null) return own * (0.75 + chance / 2)
  return Math.max(retryAfterSeconds * 1000, own / 4) * (1 + chance / 4)
}

function isSeconds(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value > 0
}
