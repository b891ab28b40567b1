/**
 * The port for the tables of better-auth (`people`, `people_…`), which writes its own SQL.
 *
 * Every statement is a unit of its own. There are no transactions: on the one connection to SQLite,
 * other requests' statements would join them.
 */

export interface AccountResult {
  readonly rows: readonly Record<string, unknown>[]
  /** How many rows the statement changed. */
  readonly count: number
}

export interface AccountStatements {
  readonly accounts: {
    readonly dialect: 'sqlite' | 'postgres'
    /**
     * @param sql one statement, with `?` (SQLite) or `$1` (PostgreSQL) for `parameters`. In
     *   PostgreSQL, the tables are in the schema `auth`.
     * @throws StoreUnavailable, StoreConflict
     */
    run(sql: string, parameters: readonly unknown[]): Promise<AccountResult>
  }
}
