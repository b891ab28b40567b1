/** Times in requests to the admin API. */

import { invalidInput } from '../errors/admin-error.ts'

/** With a zone: without one the time would depend on the server's own zone. */
const ISO_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)$/

/**
 * An ISO 8601 time in the form of our records.
 *
 * @param name of the member or parameter, for the message.
 * @throws AdminError `invalid_input`.
 */
export function parseTime(text: string, name: string): string {
  const time = ISO_TIME.test(text) ? Date.parse(text) : Number.NaN
  if (Number.isNaN(time)) {
    throw invalidInput(`${name} must be an ISO 8601 time with a zone, such as 2027-01-31T12:00:00Z`)
  }
  return new Date(time).toISOString()
}
