/** The port for removing what has expired. */

export interface ExpiryStore {
  /**
   * Removes expired assertions, feed entries, idempotent answers, invitations, and sessions and
   * verifications of persons, at most `limit` of each.
   * Notifies no listener.
   *
   * @returns how many; 0 while another instance sweeps.
   */
  sweep(nowSeconds: number, limit: number): Promise<number>
  /**
   * Removes at most `limit` accounts from before a time whose address was never verified and that
   * belong to no organization. Not those that are disabled: the address would be free again.
   *
   * @param beforeSeconds Unix seconds.
   * @returns how many.
   */
  sweepUnverified(beforeSeconds: number, limit: number): Promise<number>
}
