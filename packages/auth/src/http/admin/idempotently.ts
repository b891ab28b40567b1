/**
 * A change requested twice under one `Idempotency-Key` happens once.
 *
 * The store keeps the key and the client as it was right after the change, in the transaction of
 * the change, for a day. Secrets are not kept, so a replayed response has none.
 */

import { StoreConflict } from '@modulariot/platform/storage'
import { AdminError } from '../../errors/admin-error.ts'
import type { ClientView } from '../../records/client.ts'
import type { IdempotentAnswer } from '../../store/ports/idempotency.ts'
import type { AdminCall } from './call.ts'

/**
 * @param change makes the change under `call.context`.
 * @param replay builds the response again, from the client as it was right after the change.
 */
export async function idempotently<Answer>(
  call: AdminCall,
  change: () => Promise<Answer>,
  replay: (after: ClientView) => Answer,
): Promise<Answer> {
  const first = await findFirst(call)
  if (first !== null) return answerAgain(call, first, replay)
  try {
    return await change()
  } catch (error) {
    // Two at once: the other was first.
    const other = error instanceof StoreConflict ? await findFirst(call) : null
    if (other === null) throw error
    return answerAgain(call, other, replay)
  }
}

async function findFirst({ context }: AdminCall): Promise<IdempotentAnswer | null> {
  const { idempotency, tenant, store, authority } = context
  if (idempotency === null || tenant === null) return null
  const found = await store.findIdempotent(tenant, idempotency.key, authority)
  return found !== null && found.until > context.now() / 1000 ? found : null
}

function answerAgain<Answer>(
  { context, reply }: AdminCall,
  first: IdempotentAnswer,
  replay: (after: ClientView) => Answer,
): Answer {
  if (first.digest !== context.idempotency?.digest) {
    throw new AdminError('conflict', 'This Idempotency-Key was used for another request')
  }
  reply.header('idempotent-replay', 'true')
  return replay(first.client)
}
