/** The port for used client assertions (RFC 7523 §3, `jti`). */

export interface UsedAssertion {
  readonly client_id: string
  readonly jti: string
  /** When it may be forgotten, whole Unix seconds. */
  readonly until: number
}

export interface AssertionStore {
  /**
   * Stores that a client assertion was used; false when it was used before, on any instance.
   * Notifies no listener: no cache holds it.
   *
   * @param nowSeconds Unix seconds; also forgets some expired assertions.
   */
  useAssertion(assertion: UsedAssertion, nowSeconds: number): Promise<boolean>
}
