/** When a client should request its next token. */

import { crc32 } from 'node:zlib'

/** The part of the lifetime in which a fleet's refreshes are spread. */
const EARLIEST = 0.6
const LATEST = 0.95
const MARGIN_SECONDS = 60

/**
 * Seconds until the client should request its next token, spread over the fleet.
 *
 * The spread follows from the client's id and is not random, so a restart does not move a device
 * into another's slot. At least a minute before `expires_in`, or half of it for short lifetimes;
 * then the whole window moves, since cutting it off would gather the fleet at its end.
 */
export function refreshInSeconds(client_id: string, lifetimeSeconds: number): number {
  const slot = crc32(client_id) / 2 ** 32
  const beforeMargin = Math.max(lifetimeSeconds - MARGIN_SECONDS, lifetimeSeconds / 2)
  const latest = Math.min(lifetimeSeconds * LATEST, beforeMargin)
  const earliest = latest * (EARLIEST / LATEST)
  return Math.max(1, Math.floor(earliest + (latest - earliest) * slot))
}
