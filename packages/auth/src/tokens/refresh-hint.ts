/** When a client should come back for its next token. */

import { crc32 } from 'node:zlib'

/** The part of the lifetime in which a fleet's refreshes are spread. */
const EARLIEST = 0.6
const LATEST = 0.95
const MARGIN_SECONDS = 60

/**
 * Seconds until the client should ask again, spread over the fleet.
 *
 * The spread comes from the client's id, not from chance, so a restart does not move a device into its
 * neighbours' slot. At least a minute before `expires_in`, or halfway where the token lives too short
 * for that.
 */
export function refreshInSeconds(client_id: string, lifetimeSeconds: number): number {
  const slot = crc32(client_id) / 2 ** 32
  const spread = Math.floor(lifetimeSeconds * (EARLIEST + (LATEST - EARLIEST) * slot))
  const latest = Math.max(lifetimeSeconds - MARGIN_SECONDS, Math.floor(lifetimeSeconds / 2))
  return Math.max(1, Math.min(spread, latest))
}
