/** The port for removing what has expired. */

export interface ExpiryStore {
  /**
   * Forgets used assertions, feed entries and idempotent answers that have expired, at most `limit`
   * of each. Notifies no listener.
   *
   * @returns how many; 0 while another instance does it.
   */
  sweep(nowSeconds: number, limit: number): Promise<number>
}
