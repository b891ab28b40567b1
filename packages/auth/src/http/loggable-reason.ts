/**
 * Makes a refusal safe to log.
 *
 * A client that swaps two settings sends its secret as the `client_id` or the audience. Until a
 * client has proved itself, such a value is untrusted, so it is logged only if it has the expected
 * form.
 */

import type { Refusal } from '@modulariot/oauth/protocol'
import { MAX_AUDIENCE_LENGTH } from '../records/audience.ts'

/** The form that `createId` makes. */
const CLIENT_ID = /^client_[0-9A-Za-z]{22}$/

export function loggableReason(reason: Refusal): Refusal {
  const client_id =
    'client_id' in reason && !CLIENT_ID.test(reason.client_id)
      ? { client_id: '[not a client_id]' }
      : null
  const audience =
    'audience' in reason && !isPlainUrl(reason.audience) ? { audience: '[not a URL]' } : null
  return client_id || audience ? { ...reason, ...client_id, ...audience } : reason
}

/** A URL without the parts that may carry credentials. */
function isPlainUrl(text: string): boolean {
  return (
    text.length <= MAX_AUDIENCE_LENGTH && /^https?:\/\/[^@?#\s]+$/.test(text) && URL.canParse(text)
  )
}
