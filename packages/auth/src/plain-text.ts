/** Names and labels that people choose and others read on terminals and pages. */

import { invalidInput } from './admin-error.ts'

/** @throws AdminError for text that is too long, or that would do more on a terminal than be read. */
export function assertPlainText(
  field: string,
  text: string,
  length: { min: number; max: number },
): void {
  if (text.length < length.min || text.length > length.max) {
    throw invalidInput(`${field} must be ${length.min} to ${length.max} characters`)
  }
  if (/\p{Cc}/u.test(text) || !text.isWellFormed()) {
    throw invalidInput(`${field} must not hold control characters`)
  }
}
