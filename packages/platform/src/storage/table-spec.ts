/** What a copy between databases needs to know about a table. */

/**
 * `json` keeps its original text. `name` is text from outside: PostgreSQL stores it as bytes, since
 * TEXT cannot hold every string.
 */
export type ColumnType = 'text' | 'name' | 'bigint' | 'double' | 'json' | 'bytea'

export interface TableSpec {
  readonly name: string
  /** Generated columns are left out. */
  readonly columns: Readonly<Record<string, ColumnType>>
  /** The table always has exactly one row; the copy replaces it. */
  readonly singleton?: true
  /** A column numbered by the database; it continues after the largest number. */
  readonly identity?: string
  /** The database fills it from other tables as they arrive, or has no such table at all. */
  readonly derived?: true
}
