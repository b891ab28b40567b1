/** The addresses a client may come from (`allowlist` of its record). */

import { OAuthError, type Refusal } from '@modulariot/oauth/protocol'
import { addressInList, parseAddressRange } from '@modulariot/platform/net'
import { invalidInput } from '../errors/admin-error.ts'
import type { Allowlist, Client } from '../records/client.ts'
import { MAX_CIDRS } from '../records/client-limits.ts'

/** @throws AdminError naming the invalid range. */
export function assertAllowlist({ mode, cidrs }: Allowlist): void {
  if (!['off', 'observe', 'enforce'].includes(mode)) {
    throw invalidInput('allowlist.mode must be off, observe or enforce')
  }
  if (cidrs.length > MAX_CIDRS) {
    throw invalidInput(`allowlist.cidrs holds at most ${MAX_CIDRS} ranges`)
  }
  if (mode !== 'off' && cidrs.length === 0) {
    throw invalidInput(
      'allowlist.cidrs must not be empty: every login would be refused; use mode off',
    )
  }
  const bad = cidrs.find((cidr) => parseAddressRange(cidr) === null)
  if (bad !== undefined) {
    throw invalidInput(`${bad.slice(0, 64)} is not an address range, such as 203.0.113.0/24`)
  }
}

/**
 * Runs only after the proof succeeded: whether an address is on a list is not revealed to others.
 *
 * @param observe called instead of throwing when the list is in `observe` mode.
 * @throws OAuthError `access_denied` (403).
 */
export function assertAddressAllowed(
  client: Pick<Client, 'client_id' | 'allowlist'>,
  address: string,
  observe: (refusal: Refusal) => void,
): void {
  const { mode, cidrs } = client.allowlist
  if (mode === 'off' || addressInList(cidrs, address)) return
  const refusal = { kind: 'address_not_allowed', client_id: client.client_id, address } as const
  if (mode === 'enforce') {
    throw new OAuthError('access_denied', 'Client is not allowed from this address', 403, refusal)
  }
  observe(refusal)
}
