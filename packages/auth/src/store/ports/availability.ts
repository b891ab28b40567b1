/** The port for whether the store can be reached. */

export interface Availability {
  /** @throws StoreUnavailable when the store cannot answer. */
  ping(): Promise<void>
}
