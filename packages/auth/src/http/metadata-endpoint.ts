/** Server metadata (RFC 8414), from the audiences as they are now. */

import { authorizationServerMetadata } from '@modulariot/oauth/protocol'
import { singleFlight } from '@modulariot/platform/single-flight'
import type { AudienceLookup } from '../store/ports/audiences.ts'

export interface MetadataDeps {
  readonly issuer: string
  readonly store: AudienceLookup
}

export function metadataEndpoint({ issuer, store }: MetadataDeps) {
  const listAudiences = singleFlight(() => store.listAudiences())
  return async () => {
    const audiences = await listAudiences()
    const scopes = new Set(audiences.flatMap((audience) => audience.scopes))
    return authorizationServerMetadata(issuer, [...scopes].sort())
  }
}
