/**
 * Clients that asked lately, kept in memory so that a login costs no store read, and so that they
 * still get tokens while the store is away.
 *
 * The store tells which clients were changed, by this process or another, and only those are
 * dropped: when the database fails, the fleet that asked before is still here. How long it is
 * believed is bounded, since a change may have been made that this process could not hear of.
 * Unknown ids are never kept; they are what an attacker can make without end.
 */

import { LRUCache } from 'lru-cache'
import type { ClientRecord } from '../records/client.ts'
import type { Staleness, StoreChange } from '../store/ports/changes.ts'
import type { ClientLookup } from '../store/ports/clients.ts'

const MAX_CLIENTS = 20_000

/** How long clients are served from memory while the store is out of reach: an hour. */
export const MAX_STALE_MS = 3_600_000

/** No client's id. */
const NOBODY = 'client_'

type DirectoryStore = ClientLookup & Staleness

export class ClientDirectory {
  readonly #store: DirectoryStore
  readonly #looked: (outcome: 'hit' | 'miss') => void
  readonly #known = new LRUCache<string, ClientRecord>({ max: MAX_CLIENTS })
  /** Counts changes, so that a read that began before one is not kept after it. */
  #generation = 0
  /** An id that exists, or did lately, as soon as any is known. */
  #decoy = NOBODY

  /** @param looked told of every look into memory. */
  constructor(store: DirectoryStore, looked: (outcome: 'hit' | 'miss') => void = () => {}) {
    this.#store = store
    this.#looked = looked
  }

  /** How many clients are kept. */
  get size(): number {
    return this.#known.size
  }

  /**
   * The client as it was last read; null when nothing is kept, or nothing kept may be believed any
   * more.
   */
  peek(client_id: string): ClientRecord | null {
    const believed = this.#store.silentForMs() <= MAX_STALE_MS
    const known = (believed && this.#known.get(client_id)) || null
    this.#looked(known === null ? 'miss' : 'hit')
    return known
  }

  /**
   * The client as the store has it now, or null when there is none.
   *
   * Each look reads twice, once a client that exists and once one that does not, in whichever
   * order: finding nothing is so much faster than finding a client that its time would tell which
   * ids exist.
   */
  async read(client_id: string): Promise<ClientRecord | null> {
    const generation = this.#generation
    const record = await this.#store.findClient(client_id)
    if (generation === this.#generation) {
      if (record === null) this.#known.delete(client_id)
      else this.#known.set(client_id, record)
    }
    await this.#store.findClient(record === null ? this.#decoy : NOBODY)
    if (record !== null) this.#decoy = client_id
    return record
  }

  /** Drops what a change has made out of date. */
  forget(clients: StoreChange['clients']): void {
    this.#generation++
    if (clients === 'all') this.#known.clear()
    else for (const client_id of clients) this.#known.delete(client_id)
  }
}
