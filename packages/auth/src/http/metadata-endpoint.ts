/** Server metadata (RFC 8414, OpenID Connect Discovery), from the audiences as they are now. */

import { authorizationServerMetadata, openIdConfiguration } from '@modulariot/oauth/protocol'
import { singleFlight } from '@modulariot/platform/single-flight'
import type { AudienceLookup } from '../store/ports/audiences.ts'

export interface MetadataDeps {
  readonly issuer: string
  readonly store: AudienceLookup
}

export const metadataEndpoint = (deps: MetadataDeps) =>
  documentOf(authorizationServerMetadata, deps)

export const openIdEndpoint = (deps: MetadataDeps) => documentOf(openIdConfiguration, deps)

function documentOf(
  make: (issuer: string, scopes: readonly string[]) => object,
  { issuer, store }: MetadataDeps,
) {
  const listAudiences = singleFlight(() => store.listAudiences())
  return async () => {
    const audiences = await listAudiences()
    const scopes = new Set(audiences.flatMap((audience) => audience.scopes))
    return make(issuer, [...scopes].sort())
  }
}
