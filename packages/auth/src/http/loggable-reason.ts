/**
 * A refusal as it may be logged.
 *
 * Whoever mixes up two settings sends the secret as the `client_id` or the audience. Until a client
 * has proven itself, such a value is anybody's words, so it is written only where it looks like
 * what it should be.
 */

import type { Refusal } from '@modulariot/oauth/protocol'
import { MAX_AUDIENCE_LENGTH } from '../records/audience.ts'

/** As `createId` makes them. */
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

/** Without the parts that carry credentials. */
function isPlainUrl(text: string): boolean {
  return (
    text.length <= MAX_AUDIENCE_LENGTH && /^https?:\/\/[^@?#\s]+$/.test(text) && URL.canParse(text)
  )
}
