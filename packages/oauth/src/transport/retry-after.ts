/** When a server wants to be asked again. */

/** No server means longer, and a proxy that says so must not silence a device for years. */
const MAX_SECONDS = 86_400

/**
 * RFC 9110 §10.2.3: seconds, of which a day counts at most, or a date, which is taken by our clock, so at
 * most an hour of it.
 */
export function retryAfterSeconds(value: string | null, nowMs: number = Date.now()): number | null {
  if (value === null) return null
  if (/^\d+$/.test(value.trim())) return Math.min(Number(value), MAX_SECONDS)
  const date = Date.parse(value)
  if (Number.isNaN(date)) return null
  return Math.min(Math.max(0, (date - nowMs) / 1000), 3600)
}
