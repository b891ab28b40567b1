/** Where a token may be used from: the client's allowlist, as carried in the token. */

import { type AccessTokenClaims, OAuthError, type Refusal } from '../protocol/index.ts'

/**
 * Checks the address of a request against the token's allowlist.
 *
 * @param inList whether an address is in a list of ranges; the implementation depends on the
 *   runtime.
 * @param observe called instead of throwing, when the list is only observed.
 * @throws OAuthError `access_denied` (403).
 */
export function assertAddressAllowed(
  claims: Pick<AccessTokenClaims, 'allowed_addresses' | 'observed_addresses' | 'client_id'>,
  address: string,
  inList: (ranges: readonly string[], address: string) => boolean,
  observe: (refusal: Refusal) => void,
): void {
  const { allowed_addresses, observed_addresses, client_id } = claims
  const list = allowed_addresses ?? observed_addresses
  if (list === undefined || inList(list, address)) return
  const refusal = { kind: 'address_not_allowed', client_id, address } as const
  if (allowed_addresses !== undefined) {
    throw new OAuthError('access_denied', 'Client is not allowed from this address', 403, refusal)
  }
  observe(refusal)
}
