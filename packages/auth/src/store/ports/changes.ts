/** The port for notification of changes, by this process or another. */

/** What a cache may hold that is now stale. */
export interface StoreChange {
  /**
   * Changed clients, without new ones, which no cache holds; `all` when there are too many to name.
   */
  readonly clients: readonly string[] | 'all'
  /** Signing keys, or audiences, which determine the algorithms that need one. */
  readonly keys: boolean
  readonly revocations: boolean
}

export interface Staleness {
  /**
   * Milliseconds for which changes may have been missed because the store was unreachable; 0 while
   * it answers. Measured only while there is a listener.
   */
  silentForMs(): number
}

export interface ChangeSource extends Staleness {
  /**
   * Calls `listener` within a second of any change to clients, audiences, keys or revocations, by
   * any process. Returns a function that unsubscribes.
   */
  onChange(listener: (change: StoreChange) => void): () => void
}
