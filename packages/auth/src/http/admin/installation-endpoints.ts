/** Audiences and the audit trail in the admin API. */

import { wastefulClients } from '../../admin/usage.ts'
import { takeCheckpoint } from '../../audit/check-trail.ts'
import { CheckpointRefused } from '../../audit/checkpoint.ts'
import { AdminError, invalidInput } from '../../errors/admin-error.ts'
import type { AuditEntry } from '../../records/audit-entry.ts'
import { type AdminCall, filter } from './call.ts'
import { nextCursor, requestedPage } from './page.ts'

export async function audiences({ context }: AdminCall) {
  return { audiences: await context.store.listAudiences() }
}

export async function wasteful({ request, context }: AdminCall) {
  const { limit } = requestedPage(request)
  return { clients: await wastefulClients(context, { limit }) }
}

/** Only entries of the caller's tenant. */
export async function audit({ request, context }: AdminCall) {
  const { limit, cursor } = requestedPage(request)
  if (cursor !== null && !/^\d{1,15}$/.test(cursor))
    throw invalidInput('cursor was not issued by this API')
  const rows = await context.store.listAudit({
    ...context.tenant,
    before: cursor === null ? null : Number(cursor),
    limit: limit + 1,
    target_id: filter(request, 'target'),
    action: filter(request, 'action'),
  })
  const page = rows.slice(0, limit)
  const last = page.at(-1)
  return {
    entries: page.map(({ entry, hash }) => ({ ...(JSON.parse(entry) as AuditEntry), hash })),
    next_cursor: nextCursor(rows.length > limit && last ? String(last.seq) : null),
  }
}

/**
 * A checkpoint of the whole installation's trail: it reveals the number of entries, and nothing of
 * their content.
 *
 * @throws AdminError `conflict` when the trail's base is not one of ours: such a head is not
 *   signed.
 */
export async function auditCheckpoint({ context, checkpointSigner: signer }: AdminCall) {
  const checkpoint = await takeCheckpoint(context.store, signer, context.now()).catch((error) => {
    if (!(error instanceof CheckpointRefused)) throw error
    const why = `the base that replaces its first rows ${error.message}`
    throw new AdminError('conflict', `The audit trail was changed: ${why}; see miot audit verify`)
  })
  return { ...checkpoint, public_key: signer.publicKey }
}
