/**
 * How the server announces its limits: the `RateLimit` and `RateLimit-Policy` header fields
 * (draft-ietf-httpapi-ratelimit-headers-11).
 */

/** The state of a limit for one request. */
export interface RateLimit {
  /** The policy's name: letters, digits and hyphens. */
  readonly policy: string
  /** How much the policy allows per window. */
  readonly quota: number
  readonly windowSeconds: number
  /** How much of the quota is left. */
  readonly remaining: number
  /** Seconds until more is available. */
  readonly resetSeconds: number
}

/** Both fields (§3, §4), ready to send; none when there are no limits. */
export function rateLimitHeaders(limits: readonly RateLimit[]): Record<string, string> {
  if (limits.length === 0) return {}
  return {
    'ratelimit-policy': limits
      .map(
        ({ policy, quota, windowSeconds }) => `"${policy}";q=${integer(quota)};w=${windowSeconds}`,
      )
      .join(', '),
    ratelimit: limits
      .map(
        ({ policy, remaining, resetSeconds }) =>
          `"${policy}";r=${integer(remaining)};t=${resetSeconds}`,
      )
      .join(', '),
  }
}

/** RFC 9651 §3.3.1: at most 15 digits. */
function integer(value: number): number {
  return Math.min(value, 999_999_999_999_999)
}
