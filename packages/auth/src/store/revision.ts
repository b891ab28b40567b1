/**
 * The `revision` row, and what has changed between two reads of it. Both adapters count every
 * change there, in the transaction that makes it.
 */

import type { StoreChange } from './ports/changes.ts'

/** Numbers that only grow. */
export interface Revision {
  /** The newest change of anything. */
  readonly value: number
  /** The newest change of keys or audiences. */
  readonly keys: number
  /** The newest entry of the revocation feed. */
  readonly feed_seq: number
}

/** The row as a change unit writes it. */
export interface RevisionRow extends Revision {
  /** The random id of the feed's newest entry. */
  readonly feed_id: string
}

/** More changed clients than this are announced as `all`. */
export const MAX_NAMED_CLIENTS = 1000

/**
 * Null: nothing has changed. A revision that went back belongs to another history: a server that
 * took over, or a backup.
 *
 * @param changedClients since `seen`: the rows with a newer `changed_by`, and the clients that
 *   newer entries of the feed name, since a deleted client has no row. More than
 *   `MAX_NAMED_CLIENTS` if there are more.
 */
export function changeBetween(
  seen: Revision,
  now: Revision,
  changedClients: readonly string[],
): StoreChange | null {
  if (now.value === seen.value) return null
  if (now.value < seen.value) return { clients: 'all', keys: true, revocations: true }
  return {
    clients: changedClients.length > MAX_NAMED_CLIENTS ? 'all' : [...new Set(changedClients)],
    keys: now.keys > seen.value,
    revocations: now.feed_seq !== seen.feed_seq,
  }
}
