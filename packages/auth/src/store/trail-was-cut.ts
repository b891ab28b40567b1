/** Why a change of the key that signs checkpoints was refused, alike in both adapters. */

import { AdminError } from '../errors/admin-error.ts'

/** Its base was read before; the new key must not vouch for another. */
export function trailWasCut(): AdminError {
  return new AdminError(
    'conflict',
    'Nothing was changed, since old entries of the audit trail were removed at that moment: run this again',
  )
}
