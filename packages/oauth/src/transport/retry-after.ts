/** When a server wants the next request. */

/** No server means longer, and a faulty proxy must not silence a device for years. */
const MAX_SECONDS = 86_400
/** A date depends on two clocks, so less of it is accepted. */
const MAX_SECONDS_BY_DATE = 3_600

/** `Date.parse` accepts much more than the three forms of RFC 9110 §5.6.7, such as `-5`. */
const DATE = /^(?:Mon|Tues?|Wed(?:nes)?|Thu(?:rs)?|Fri|Sat(?:ur)?|Sun)(?:day)?,? /

/**
 * Seconds to wait (RFC 9110 §10.2.3); null when the answer does not say.
 *
 * @param nowMs Unix milliseconds, the reference for a date when the answer has no `Date` of its
 *   own.
 */
export function retryAfterSeconds(headers: Headers, nowMs: number = Date.now()): number | null {
  const value = headers.get('retry-after')?.trim()
  if (value === undefined) return null
  if (/^\d+$/.test(value)) return Math.min(Number(value), MAX_SECONDS)
  const untilMs = DATE.test(value) ? Date.parse(value) : Number.NaN
  if (Number.isNaN(untilMs)) return null
  const sentMs = Date.parse(headers.get('date') ?? '')
  const seconds = (untilMs - (Number.isNaN(sentMs) ? nowMs : sentMs)) / 1000
  return Math.min(Math.max(0, seconds), MAX_SECONDS_BY_DATE)
}
