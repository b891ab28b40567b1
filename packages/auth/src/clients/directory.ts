/**
 * Keeps the fleet in memory: each client that was read, up to a bound in bytes. So a login costs no
 * store read, and clients still get tokens while the store is unavailable.
 *
 * The store announces which clients were changed, by this process or another, and only those are
 * dropped: when the database fails, the fleet is still known. A known client is trusted for a
 * bounded time, since this process may have missed a change. Unknown ids are never kept: an
 * attacker can make up any number of them.
 */

import { createGroups } from '@modulariot/platform/groups'
import { noPeers, type Peers } from '@modulariot/platform/peers'
import type { ClientRecord, LoginClient } from '../records/client.ts'
import type { Staleness, StoreChange } from '../store/ports/changes.ts'
import type { FleetLookup } from '../store/ports/clients.ts'
import { KnownClients } from './known-clients.ts'
import { KnownElsewhere } from './known-elsewhere.ts'

/** For nearly two million clients. */
export const DEFAULT_DIRECTORY_BYTES = 256 * 1024 * 1024

/** How long known clients are served while the store is unreachable: an hour. */
export const MAX_STALE_MS = 3_600_000

/**
 * Clients in one statement: more than arrive in a turn. Two statements at a time: many logins at
 * once must not open, or take, every connection to the database.
 */
const READS = { atMost: 64, atATime: 2 }

/** The id of no client. */
const NO_CLIENT = 'client_'

type DirectoryStore = FleetLookup & Staleness

export interface DirectoryOptions {
  /** Called for each lookup in memory. */
  readonly lookedUp?: (outcome: 'hit' | 'miss') => void
  /** Default: `DEFAULT_DIRECTORY_BYTES`. */
  readonly maxBytes?: number
  /** Default: this process is alone. */
  readonly peers?: Peers
}

export class ClientDirectory {
  readonly #store: DirectoryStore
  readonly #lookedUp: (outcome: 'hit' | 'miss') => void
  readonly #known: KnownClients
  readonly #elsewhere: KnownElsewhere
  /** Counts changes, so that a client read before a change is not kept after it. */
  #generation = 0
  /** The id of a client that exists, or existed lately, once one is known. */
  #decoy = NO_CLIENT

  constructor(store: DirectoryStore, options: DirectoryOptions = {}) {
    const { lookedUp = () => {}, maxBytes = DEFAULT_DIRECTORY_BYTES, peers = noPeers() } = options
    this.#store = store
    this.#lookedUp = lookedUp
    this.#known = new KnownClients(maxBytes)
    this.#elsewhere = new KnownElsewhere(peers, (client_id) => this.#believed(client_id))
  }

  /** How many clients are known. */
  get size(): number {
    return this.#known.size
  }

  /**
   * The client as it was last read; null when it is not known, or memory may no longer be trusted.
   *
   * A client takes a microsecond to find; an id that is not known takes as long.
   */
  peek(client_id: string): LoginClient | null {
    const known = this.#believed(client_id)
    this.#lookedUp(known === null ? 'miss' : 'hit')
    return known
  }

  #believed(client_id: string): LoginClient | null {
    const believed = this.#store.silentForMs() <= MAX_STALE_MS
    const known = believed ? this.#known.get(client_id) : null
    if (known === null) this.#known.get(this.#decoy)
    return known
  }

  /**
   * The client as another process of this server last read it, for when the store is unavailable;
   * null when none knows it, or memory may no longer be trusted.
   */
  async elsewhere(client_id: string): Promise<LoginClient | null> {
    return this.#store.silentForMs() <= MAX_STALE_MS ? this.#elsewhere.find(client_id) : null
  }

  /**
   * The client as the store has it now, or null when there is none. What is requested in one turn
   * is read by one statement.
   *
   * An id that does not exist is treated as one that does: the store reads another client in its
   * place, which is then kept in the same way. Otherwise the time of a login alone would reveal
   * which ids exist.
   */
  readonly read: (client_id: string) => Promise<LoginClient | null> = createGroups(
    (client_ids) => this.#readAll(client_ids),
    READS,
  )

  async #readAll(client_ids: readonly string[]): Promise<(LoginClient | null)[]> {
    const generation = this.#generation
    const records = await this.#store.readClients(client_ids, this.#decoy)
    return client_ids.map((client_id, index) => {
      const record = records[index] ?? null
      if (record !== null && generation === this.#generation) this.#known.set(record)
      return this.#sameOrNone(client_id, record)
    })
  }

  /** Null when the record is that of the decoy. */
  #sameOrNone(client_id: string, record: ClientRecord | null): LoginClient | null {
    if (record?.client_id !== client_id) {
      this.#known.delete(client_id)
      return null
    }
    this.#decoy = client_id
    return record
  }

  /** Drops what a change has made stale. */
  forget(clients: StoreChange['clients']): void {
    this.#generation++
    if (clients === 'all') this.#known.clear()
    else for (const client_id of clients) this.#known.delete(client_id)
  }
}
