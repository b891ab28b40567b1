/**
 * Parses the timestamps that devices send: ISO 8601 with a zone.
 *
 * `Date.parse` is too lenient: it accepts dates without a zone and turns 30 February into March,
 * which would hide a broken device clock.
 */

const ISO_8601 =
  /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?(?:Z|([+-])(\d\d):(\d\d))$/

/** The same for schemas, without the rules that a pattern cannot express. */
export const TIMESTAMP_PATTERN: string =
  '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\\.[0-9]{1,9})?)?(Z|[+-][0-9]{2}:[0-9]{2})$'

/** The longest form, with nanoseconds and an offset. */
const MAX_LENGTH = 35

const DAYS_IN_MONTH = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]

const MS_PER_MINUTE = 60_000
const MS_PER_DAY = 86_400_000

/** The years 0 to 9999 in UTC; other years do not fit the format. */
const FIRST_MS = -62_167_219_200_000
const LAST_MS = 253_402_300_799_999

/** How far a device's clock may run ahead of the server's. */
export const DEFAULT_FUTURE_TOLERANCE_MS = 3_600_000

/**
 * Unix milliseconds of an ISO 8601 timestamp, or null when it is not one.
 *
 * Accepts `YYYY-MM-DDThh:mm[:ss[.f]]` with a fraction of up to nine digits (truncated to
 * milliseconds) and a zone, `Z` or `±hh:mm`. Refuses a missing zone, a day that the month does not
 * have, 24:00, the leap second :60, lower-case letters, bare numbers, and instants whose zone puts
 * them outside the years 0 to 9999.
 */
export function parseTimestamp(text: string): number | null {
  if (text.length > MAX_LENGTH) return null
  const match = ISO_8601.exec(text)
  if (match === null) return null
  const [, yearText, monthText, dayText, hourText, minuteText] = match
  const year = Number(yearText)
  const month = Number(monthText)
  const day = Number(dayText)
  const hour = Number(hourText)
  const minute = Number(minuteText)
  const second = Number(match[6] ?? 0)
  if (month < 1 || month > 12 || day < 1 || day > daysInMonth(year, month)) return null
  if (hour > 23 || minute > 59 || second > 59) return null
  const offsetMinutes = offsetOf(match[8], match[9], match[10])
  if (offsetMinutes === null) return null
  const milliseconds = Number((match[7] ?? '').slice(0, 3).padEnd(3, '0'))
  const instantMs =
    daysFromEpoch(year, month, day) * MS_PER_DAY +
    (hour * 60 + minute - offsetMinutes) * MS_PER_MINUTE +
    second * 1000 +
    milliseconds
  return instantMs < FIRST_MS || instantMs > LAST_MS ? null : instantMs
}

/**
 * The message for an invalid timestamp, or null. Any time in the past is valid, since devices
 * buffer.
 *
 * @param instantMs what `parseTimestamp` returns for `sent`.
 */
export function timestampFault(
  sent: string,
  instantMs: number | null,
  nowMs: number,
  futureToleranceMs: number,
): string | null {
  if (instantMs === null) return `INVALID_TIMESTAMP: must ${expectedOf(sent)}, ${EXAMPLE}`
  if (instantMs - nowMs > futureToleranceMs) {
    return `INVALID_TIMESTAMP: must not be more than ${duration(futureToleranceMs)} in the future; check the clock of the device`
  }
  return null
}

const EXAMPLE = 'such as 2025-03-14T15:09:26Z'

/** A zone without its colon, as `strftime` of C and Python writes it. */
const PLAIN_ZONE = /:\d\d(?:\.\d+)?([+-]\d\d(?:\d\d)?)$/
const UNIX_TIME = /^\d+(?:\.\d+)?$/

function expectedOf(sent: string): string {
  if (sent.length <= MAX_LENGTH) {
    const zone = PLAIN_ZONE.exec(sent)?.[1]
    if (zone !== undefined) return `have its zone as Z or ±hh:mm, not ${zone}`
    if (UNIX_TIME.test(sent)) return 'be ISO 8601 with zone, not Unix time'
  }
  return 'be an existing date and time in ISO 8601 with zone (Z or ±hh:mm)'
}

function daysInMonth(year: number, month: number): number {
  const leap = month === 2 && year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
  return leap ? 29 : (DAYS_IN_MONTH[month - 1] as number)
}

function offsetOf(sign = '+', hoursText = '0', minutesText = '0'): number | null {
  const hours = Number(hoursText)
  const minutes = Number(minutesText)
  if (hours > 23 || minutes > 59) return null
  return (sign === '-' ? -1 : 1) * (hours * 60 + minutes)
}

/**
 * Days since 1970-01-01 in the Gregorian calendar, for the years 0 to 9999.
 *
 * Counts years from March, so that the leap day is the last day of its year. `Date.UTC` does not
 * work here: it reads the years 0 to 99 as 1900 to 1999.
 */
function daysFromEpoch(year: number, month: number, day: number): number {
  const marchYear = month > 2 ? year : year - 1
  const marchMonth = (month + 9) % 12
  const leapDays =
    Math.floor(marchYear / 4) - Math.floor(marchYear / 100) + Math.floor(marchYear / 400)
  return marchYear * 365 + leapDays + Math.floor((153 * marchMonth + 2) / 5) + day - 1 - 719_468
}

function duration(ms: number): string {
  const hours = ms / 3_600_000
  if (hours === 1) return 'one hour'
  return Number.isInteger(hours) ? `${hours} hours` : `${ms / 1000} seconds`
}
