/**
 * The audit entry of an asset's erasure. The telemetry store holds the asset, since ModularIoT API
 * may run without Auth; its erasure is recorded here, in the one audit trail.
 */

import { invalidToken } from '../admin/authority.ts'
import { type AdminContext, auditDraft } from '../admin/context.ts'
import type { Actor } from '../records/audit-entry.ts'
import type { Tenant } from '../records/client.ts'
import type { MemberLookup } from '../store/ports/members.ts'
import type { TrailStore } from '../store/ports/trail.ts'
import { scopesOf } from './roles.ts'
import { PERSON_ID, TELEMETRY_USES } from './telemetry-token.ts'

export interface RecordedErasure extends Tenant {
  readonly asset_id: string
  /** The id of a person too, of a token that its pages requested. */
  readonly client_id: string
  readonly address: string
  readonly request_id: string
}

type Context = AdminContext<TrailStore & MemberLookup>

/**
 * @throws OAuthError for a person that may no longer erase, before the revocation of its token has
 *   reached the API. StoreUnavailable.
 */
export async function recordErasure(erasure: RecordedErasure, context: Context): Promise<void> {
  const { asset_id, address, request_id, org_id, environment } = erasure
  const by = { ...context, actor: await actorOf(erasure, context), address, request_id }
  const what = { action: 'asset.erased', target: { type: 'asset', id: asset_id } } as const
  const draft = auditDraft(by, { ...what, org_id, environment, before: null, after: null })
  return context.store.recordAudit(draft)
}

async function actorOf(
  { client_id, org_id, environment }: RecordedErasure,
  { store }: Context,
): Promise<Actor> {
  if (!PERSON_ID.test(client_id)) return { kind: 'client', client_id }
  const key = { person_id: client_id, session_id: '', org_id }
  const { person, role } = await store.findPersonState(key)
  const scopes = role === null ? [] : scopesOf(role, environment)
  if (person === null || person.disabled || !scopes.includes(TELEMETRY_USES.erase.needs)) {
    throw invalidToken({ kind: 'revoked_token', client_id })
  }
  return { kind: 'person', person_id: client_id, email: person.email }
}
