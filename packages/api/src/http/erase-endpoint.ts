/** `DELETE /v1/assets/{asset_id}`: erases an asset, and records it in the audit trail first. */

import type { Verifier } from '@modulariot/oauth/resource-server'
import { clientAddress } from '@modulariot/platform/http'
import type { FastifyRequest } from 'fastify'
import { noSuchAsset } from '../read/assets.ts'
import type { TelemetryStore, Tenant } from '../store/store.ts'
import { accessTokenClaims, verifyAgain } from './require-access-token.ts'
import { ERASE_SCOPE } from './scopes.ts'

/** What the audit trail says of an erasure. */
export interface Erasure extends Tenant {
  readonly asset_id: string
  /** Who asked for it, and from where. */
  readonly client_id: string
  readonly address: string
  readonly request_id: string
}

/** @throws StoreUnavailable; then nothing is erased. */
export type RecordErasure = (erasure: Erasure) => Promise<void>

export interface EraseEndpointDeps {
  readonly store: TelemetryStore
  readonly verifier: Verifier
  readonly recordErasure: RecordErasure
}

export function eraseEndpoint({ store, verifier, recordErasure }: EraseEndpointDeps) {
  return async (request: FastifyRequest<{ Params: Record<string, string> }>) => {
    const { client_id, org_id, environment } = accessTokenClaims(request)
    const tenant = { org_id, environment }
    const { asset_id = '' } = request.params
    if (asset_id.includes('\0')) throw noSuchAsset()
    const isKnown = (await store.findAsset(tenant, asset_id)) !== null
    await verifyAgain(request, verifier, ERASE_SCOPE)
    const from = { address: clientAddress(request), request_id: request.id }
    const record = () => recordErasure({ ...tenant, asset_id, client_id, ...from })
    // An entry for an erasure that then failed does less harm than one that is in no trail; no
    // entry for each unknown asset that a client names.
    if (isKnown) await record()
    const erased = await store.eraseAsset(tenant, asset_id)
    // It arrived just now, or an earlier request is still erasing it.
    if (!isKnown && erased !== null) await record()
    if (erased === null) throw noSuchAsset()
    return { asset_id, ...erased }
  }
}
