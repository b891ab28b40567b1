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

/** No client's id. */
const NOBODY = 'client_'

export class ClientDirectory {
  readonly #store: Pick<AuthStore, 'findClient'>
  readonly #looked: (outcome: 'hit' | 'miss') => void
  readonly #known = new LRUCache<string, ClientRecord>({ max: MAX_CLIENTS })
  /** Counts changes, so that a read that began before one is not kept after it. */
  #generation = 0
  /** An id that exists, or did lately, as soon as any is known. */
  #decoy = NOBODY

  /** @param looked told of every look into memory. */
  constructor(
    store: Pick<AuthStore, 'findClient'>,
    looked: (outcome: 'hit' | 'miss') => void = () => {},
  ) {
    this.#store = store
    this.#looked = looked
  }

  /** The client as it was last read, or null when nothing is kept. */
  peek(client_id: string): ClientRecord | null {
    const known = this.#known.get(client_id) ?? null
    this.#looked(known === null ? 'miss' : 'hit')
    return known
  }

  /**
   * The client as the store has it now, or null when there is none.
   *
   * Each look reads twice, once a client that exists and once one that does not, in whichever order:
   * finding nothing is so much faster than finding a client that its time would tell which ids exist.
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

  clear(): void {
    this.#generation++
    this.#known.clear()
  }
}
