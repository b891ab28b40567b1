/** Names and labels that people choose and others read on terminals and pages. */

import { holdsHiddenCharacters } from '@modulariot/oauth/protocol'
import { invalidInput } from '../errors/admin-error.ts'

/**
 * Accepts joiners where a script or an emoji needs them; refuses every other invisible character.
 *
 * @throws AdminError for text that is too long, that would control a terminal, or that imitates
 *   other text.
 */
export function assertPlainText(
  field: string,
  text: string,
  length: { min: number; max: number },
): void {
  assertLength(field, text, length)
  if (!holdsHiddenCharacters(text)) return
  throw invalidInput(
    `${field} must not contain control characters or invisible characters, such as ones that change ` +
      'the direction of text: retype it instead of pasting it',
  )
}

/**
 * For names that strangers are written: mail programs make links of these.
 *
 * @throws AdminError for text with the address of a page.
 */
export function assertNoLink(field: string, text: string): void {
  if (!/:\/\/|www\./i.test(text.normalize('NFKC'))) return
  throw invalidInput(`${field} must not contain the address of a page (:// or www.)`)
}

/**
 * The same for a change: text from before this rule may stay, so that other members can be changed.
 *
 * @param known the stored text.
 * @throws AdminError as above.
 */
export function assertPlainChange(
  field: string,
  text: string,
  known: string,
  length: { min: number; max: number },
): void {
  if (text === known) assertLength(field, text, length)
  else assertPlainText(field, text, length)
}

function assertLength(field: string, text: string, { min, max }: { min: number; max: number }) {
  if (text.length >= min && text.length <= max) return
  throw invalidInput(`${field} must be ${min} to ${max} characters`)
}
