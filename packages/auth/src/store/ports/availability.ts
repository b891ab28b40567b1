/** The port for whether the store can be reached. */

export interface Availability {
  /**
   * @throws StoreUnavailable when the store cannot answer, StoreUnwritable when it cannot write.
   */
  ping(): Promise<void>
  /** False from a write that the store refused, as on a full disk, until writes succeed again. */
  isWritable(): boolean
}
