/** What one transaction may write, unless a single group of reports is larger. */

export const TRANSACTION_LIMITS = {
  maxItems: 1_000,
  /** Sum of the payload lengths, in characters. */
  maxPayload: 8 * 1024 ** 2,
} as const
