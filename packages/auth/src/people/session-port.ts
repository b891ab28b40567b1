/**
 * The port for sessions of persons. The accounts implement it; the admin API asks it who a cookie
 * belongs to, and the store what that person may do.
 */

export interface PersonSession {
  readonly session_id: string
  readonly person_id: string
  /** Lower case. */
  readonly email: string
  /** ISO 8601. */
  readonly expires_at: string
}

export interface Sessions {
  /**
   * The session of a request.
   *
   * @param cookie the `Cookie` header.
   * @returns null: it has no session, an unknown one, or one that has expired.
   * @throws StoreUnavailable
   */
  find(cookie: string | undefined): Promise<PersonSession | null>
}
