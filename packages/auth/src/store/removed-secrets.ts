/** The secrets that a change of a client removes, whose counters go with them. */

import type { Client } from '../records/client.ts'

export function removedSecrets(before: Client, after: Client): string[] {
  const kept = new Set(after.secrets.map(({ secret_id }) => secret_id))
  return before.secrets.map(({ secret_id }) => secret_id).filter((id) => !kept.has(id))
}
