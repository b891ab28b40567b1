/** Ends every access token that a person has, without a row for any of them. */

import type { Revocation } from '@modulariot/oauth/protocol'
import type { EndTokens } from '../store/ports/members.ts'
import { cutOffAt } from '../tokens/cut-off.ts'

/** Of the tokens with which the console's pages read telemetry. */
export const TELEMETRY_TOKEN_SECONDS = 300

/**
 * The entry on the feed. It is of the kind `client`: the `client_id` of a person's tokens is the
 * person's id.
 *
 * @param before the person's last cut-off, Unix seconds; null: none.
 */
export function personCutOff(person_id: string, before: number | null, nowMs: number): Revocation {
  const issued_until = cutOffAt(before, nowMs)
  const expires = issued_until + TELEMETRY_TOKEN_SECONDS
  return { kind: 'client', client_id: person_id, issued_until, expires }
}

/**
 * Makes the entry for a cut-off of the moment in which the store calls it: in the unit of the
 * change, which may have waited for other changes of the same person.
 */
export function personCutOffs(
  person_id: string,
  { now }: { readonly now: () => number },
): EndTokens {
  return (before) => personCutOff(person_id, before, now())
}
