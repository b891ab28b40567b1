/**
 * Caches recently used clients, so that a login costs no store read, and so that they still get
 * tokens while the store is unavailable.
 *
 * The store announces which clients were changed, by this process or another, and only those are
 * dropped: when the database fails, the active fleet is still cached. A cached client is trusted
 * for a bounded time, since this process may have missed a change. Unknown ids are never cached: an
 * attacker can make up any number of them.
 */

import { LRUCache } from 'lru-cache'
import type { ClientRecord } from '../records/client.ts'
import type { Staleness, StoreChange } from '../store/ports/changes.ts'
import type { ClientLookup } from '../store/ports/clients.ts'

const MAX_CLIENTS = 20_000

/** How long cached clients are served while the store is unreachable: an hour. */
export const MAX_STALE_MS = 3_600_000

/** The id of no client. */
const NO_CLIENT = 'client_'

type DirectoryStore = ClientLookup & Staleness

export class ClientDirectory {
  readonly #store: DirectoryStore
  readonly #lookedUp: (outcome: 'hit' | 'miss') => void
  readonly #known = new LRUCache<string, ClientRecord>({ max: MAX_CLIENTS })
  /** Counts changes, so that a client read before a change is not cached after it. */
  #generation = 0
  /** The id of a client that exists, or existed lately, once one is known. */
  #decoy = NO_CLIENT

  /** @param lookedUp called for each lookup in the cache. */
  constructor(store: DirectoryStore, lookedUp: (outcome: 'hit' | 'miss') => void = () => {}) {
    this.#store = store
    this.#lookedUp = lookedUp
  }

  /** How many clients are cached. */
  get size(): number {
    return this.#known.size
  }

  /**
   * The client as it was last read; null when it is not cached, or the cache may no longer be
   * trusted.
   */
  peek(client_id: string): ClientRecord | null {
    const believed = this.#store.silentForMs() <= MAX_STALE_MS
    const known = (believed && this.#known.get(client_id)) || null
    this.#lookedUp(known === null ? 'miss' : 'hit')
    return known
  }

  /**
   * The client as the store has it now, or null when there is none.
   *
   * Each lookup reads twice: one client that exists and one that does not, in either order. A miss
   * is so much faster than a hit that its time alone would reveal which ids exist.
   */
  async read(client_id: string): Promise<ClientRecord | null> {
    const generation = this.#generation
    const record = await this.#store.findClient(client_id)
    if (generation === this.#generation) {
      if (record === null) this.#known.delete(client_id)
      else this.#known.set(client_id, record)
    }
    await this.#store.findClient(record === null ? this.#decoy : NO_CLIENT)
    if (record !== null) this.#decoy = client_id
    return record
  }

  /** Drops what a change has made stale. */
  forget(clients: StoreChange['clients']): void {
    this.#generation++
    if (clients === 'all') this.#known.clear()
    else for (const client_id of clients) this.#known.delete(client_id)
  }
}
