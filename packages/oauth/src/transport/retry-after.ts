/** When a server wants to be asked again. */

/** RFC 9110 §10.2.3: seconds or a date. The date is taken by our clock, so at most an hour of it. */
export function retryAfterSeconds(value: string | null, nowMs: number = Date.now()): number | null {
  if (value === null) return null
  if (/^\d{1,9}$/.test(value.trim())) return Number(value)
  const date = Date.parse(value)
  if (Number.isNaN(date)) return null
  return Math.min(Math.max(0, (date - nowMs) / 1000), 3600)
}
