/** The port for removing what has expired. */

export interface ExpiryStore {
  /**
   * Removes expired assertions, feed entries and idempotent answers, at most `limit` of each.
   * Notifies no listener.
   *
   * @returns how many; 0 while another instance sweeps.
   */
  sweep(nowSeconds: number, limit: number): Promise<number>
}
