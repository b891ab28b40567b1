/** The port for hearing of changes, by this process or another. */

/** What a cache may hold that is now out of date. */
export interface StoreChange {
  /**
   * Clients that were changed, without new ones, which no cache holds; `all` when they are too many
   * to name.
   */
  readonly clients: readonly string[] | 'all'
  /** Signing keys, or the audiences that say which algorithms need one. */
  readonly keys: boolean
  readonly revocations: boolean
}

export interface Staleness {
  /**
   * Milliseconds for which changes may have been missed because the store was out of reach; 0 while
   * it answers. Counted only while there is a listener.
   */
  silentForMs(): number
}

export interface ChangeSource extends Staleness {
  /**
   * Calls `listener` within a second of any change to clients, audiences, keys or revocations,
   * whoever made it. Returns a function that stops it.
   */
  onChange(listener: (change: StoreChange) => void): () => void
}
