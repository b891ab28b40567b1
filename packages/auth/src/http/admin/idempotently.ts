/**
 * A change that is asked for twice under one `Idempotency-Key` happens once.
 *
 * The audit trail remembers the key in the same transaction as the change, so there is no moment in which
 * one is kept without the other. A secret is not in the trail, and so not in the second answer either.
 */

import { StoreConflict } from '@modulariot/platform/storage'
import { AdminError } from '../../admin-error.ts'
import type { AuditEntry } from '../../audit/entry.ts'
import type { ClientView } from '../../clients/client.ts'
import type { AdminCall } from './call.ts'

/**
 * @param change makes the change under `call.context`.
 * @param replay the answer again, from the client as it was right after the change.
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
    // Two at the same moment: the other was first.
    const other = error instanceof StoreConflict ? await findFirst(call) : null
    if (other === null) throw error
    return answerAgain(call, other, replay)
  }
}

async function findFirst({ context }: AdminCall): Promise<AuditEntry | null> {
  const { idempotency, tenant, store, authority } = context
  if (idempotency === null || tenant === null) return null
  const row = await store.findIdempotent(tenant, idempotency.key, authority)
  return row === null ? null : (JSON.parse(row.entry) as AuditEntry)
}

function answerAgain<Answer>(
  { context, reply }: AdminCall,
  first: AuditEntry,
  replay: (after: ClientView) => Answer,
): Answer {
  if (first.idempotency?.digest !== context.idempotency?.digest) {
    throw new AdminError('conflict', 'This Idempotency-Key was used for another request')
  }
  reply.header('idempotent-replay', 'true')
  return replay(first.after as ClientView)
}
