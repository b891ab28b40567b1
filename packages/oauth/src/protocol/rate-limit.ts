/**
 * What a limit says of itself: the `RateLimit` and `RateLimit-Policy` header fields
 * (draft-ietf-httpapi-ratelimit-headers-11).
 */

/** A limit as one request met it. */
export interface RateLimit {
  /** The policy's name: letters, digits and hyphens. */
  readonly policy: string
  /** How much it allows in a window. */
  readonly quota: number
  readonly windowSeconds: number
  /** How much of it is left. */
  readonly remaining: number
  /** Until there is more. */
  readonly resetSeconds: number
}

/** Both fields (§3, §4), ready to be sent; nothing when there is no limit to tell of. */
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

/** RFC 9651 §3.3.1: no more than 15 digits. */
function integer(value: number): number {
  return Math.min(value, 999_999_999_999_999)
}
