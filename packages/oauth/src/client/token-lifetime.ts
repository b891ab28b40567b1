/**
 * How long a token is used and when the next one is fetched. Arithmetic only: no clock, no I/O.
 *
 * All times are milliseconds since the request for the token was sent: the server cannot have
 * issued it earlier, so by its own clock the token lives at least until `lifetimeMs`.
 */

export interface TokenLifetime {
  /** From this time on the token is no longer returned. */
  readonly usableMs: number
  /** From this time on the next call fetches a new one in the background. */
  readonly refreshMs: number
}

const MINUTE_MS = 60_000
/** A token this close to its end might expire on its way to the API. */
const MAX_MARGIN_MS = 5_000
const DEFAULT_LEAD_MS = 20 * MINUTE_MS
/** No server means a longer lifetime; the limit protects the arithmetic and the timers. */
const MAX_LIFETIME_SECONDS = 366 * 86_400

/** The window for a refresh, relative to the intended time. */
const EARLIEST = 0.7
const LATEST = 1.25

/**
 * @param expires_in as received (RFC 6749 §5.1).
 * @param refresh_in as received; ours, not the RFC's.
 * @param chance from 0 to 1, new for each token.
 * @returns null when `expires_in` is unusable: the token is good now, but must not be kept.
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
 * A random time around the intended one, evenly distributed.
 *
 * The window is wide, more than half of its middle: only then does a fleet that started in the same
 * second spread over the whole cycle instead of peaking (the simulation in `fleet.test.ts` shows
 * it). When the window would end too close to the token's end, all of it moves earlier; cutting it
 * off would gather the fleet at the cut.
 */
function spread(meantMs: number, lifetimeMs: number, chance: number): number {
  const latestUseful = lifetimeMs - Math.min(DEFAULT_LEAD_MS, lifetimeMs / 10)
  const latest = Math.min(meantMs * LATEST, latestUseful)
  const earliest = latest * (EARLIEST / LATEST)
  return earliest + (latest - earliest) * chance
}

/**
 * How long to send nothing after a failed refresh.
 *
 * About a minute, less for a token that lives only minutes; never less than `Retry-After`, and not
 * zero even if `Retry-After` is: no caller is waiting yet.
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
