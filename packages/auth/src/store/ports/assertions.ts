/** The port for used client assertions (RFC 7523 §3, `jti`). */

export interface UsedAssertion {
  readonly client_id: string
  readonly jti: string
  /** Until when it must be remembered, whole Unix seconds. */
  readonly until: number
}

export interface AssertionStore {
  /**
   * Remembers that a client assertion was used; false when it was before, on any instance. Notifies
   * no listener: no cache holds it.
   *
   * @param nowSeconds Unix seconds; what needs no remembering any more is forgotten on the way.
   */
  useAssertion(assertion: UsedAssertion, nowSeconds: number): Promise<boolean>
}
