/**
 * Clients that asked lately, kept in memory so that a login costs no store read.
 *
 * Any change to any client, by this process or another, empties it (the store tells): changes are rare
 * and a read is cheap, so there is nothing to gain from knowing which one. Unknown ids are never kept;
 * they are what an attacker can make without end.
 */

import { LRUCache } from 'lru-cache'
import type { AuthStore } from '../store/store.ts'
import type { ClientRecord } from './client.ts'

const MAX_CLIENTS = 20_000

export class ClientDirectory {
  readonly #store: Pick<AuthStore, 'findClient'>
  readonly #known = new LRUCache<string, ClientRecord>({ max: MAX_CLIENTS })
  /** Counts changes, so that a read that began before one is not kept after it. */
  #generation = 0

  constructor(store: Pick<AuthStore, 'findClient'>) {
    this.#store = store
  }

  /** The client as it was last read, or null when nothing is kept. */
  peek(client_id: string): ClientRecord | null {
    return this.#known.get(client_id) ?? null
  }

  /** The client as the store has it now, or null when there is none. */
  async read(client_id: string): Promise<ClientRecord | null> {
    const generation = this.#generation
    const record = await this.#store.findClient(client_id)
    if (generation === this.#generation) {
      if (record === null) this.#known.delete(client_id)
      else this.#known.set(client_id, record)
    }
    return record
  }

  clear(): void {
    this.#generation++
    this.#known.clear()
  }
}
