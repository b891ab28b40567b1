/** Audiences, the audit trail and the server's version in the admin API. */

import { wastefulClients } from '../../admin/usage.ts'
import { takeCheckpoint } from '../../audit/check-trail.ts'
import { CheckpointRefused } from '../../audit/checkpoint.ts'
import { AdminError, invalidInput } from '../../errors/admin-error.ts'
import type { AuditEntry } from '../../records/audit-entry.ts'
import { type AdminCall, callerTenant, filter } from './call.ts'
import { nextCursor, requestedPage } from './page.ts'

export async function audiences({ context }: AdminCall) {
  return { audiences: await context.store.listAudiences() }
}

/** Of the instance that answers. Only administrators see it: it tells which faults a server has. */
export async function version({ deps }: AdminCall) {
  return deps.build
}

/** Settings of the installation, and the one that the caller's organization may have. */
export async function retention(call: AdminCall) {
  const { activityDays: activity_days, trailDays: trail_days, telemetry } = call.deps.retention
  if (telemetry === null) return { activity_days, trail_days, telemetry }
  const own_days = await telemetry.ofOrganization(callerTenant(call).org_id)
  return { activity_days, trail_days, telemetry: { days: own_days ?? telemetry.days, own_days } }
}

export async function wasteful({ request, context }: AdminCall) {
  const { limit } = requestedPage(request)
  return { clients: await wastefulClients(context, { limit }) }
}

/**
 * Only entries of the caller's tenant, and of its organization as a whole, such as changes of
 * members.
 */
export async function audit(call: AdminCall) {
  const { request, context } = call
  const { limit, cursor } = requestedPage(request)
  if (cursor !== null && !/^\d{1,15}$/.test(cursor))
    throw invalidInput('cursor was not issued by this API')
  const { org_id, environment } = callerTenant(call)
  const query = {
    org_id,
    before: cursor === null ? null : Number(cursor),
    limit: limit + 1,
    target_id: filter(request, 'target'),
    action: filter(request, 'action'),
  }
  // Two reads, each along an index.
  const own = await context.store.listAudit({ ...query, environment })
  const common = await context.store.listAudit({ ...query, environment: null })
  const rows = [...own, ...common].sort((one, other) => other.seq - one.seq)
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
export async function auditCheckpoint({ context, deps: { checkpointSigner: signer } }: AdminCall) {
  const checkpoint = await takeCheckpoint(context.store, signer, context.now()).catch((error) => {
    if (!(error instanceof CheckpointRefused)) throw error
    const why = `the base that replaces its first rows ${error.message}`
    throw new AdminError('conflict', `The audit trail was changed: ${why}; see miot audit verify`)
  })
  return { ...checkpoint, public_key: signer.publicKey }
}
