/** What a table holds, as far as a copy between databases needs to know. */

/**
 * `json` is kept as the text it was written as. `name` is text from outside: the bytes of it in
 * PostgreSQL, where TEXT cannot hold every string.
 */
export type ColumnType = 'text' | 'name' | 'bigint' | 'double' | 'json' | 'bytea'

export interface TableSpec {
  readonly name: string
  /** What is computed from others (generated columns) is left out. */
  readonly columns: Readonly<Record<string, ColumnType>>
  /** Has its one row from the beginning; the copy replaces it. */
  readonly singleton?: true
  /** A column whose numbers the database gives out; it goes on behind the largest. */
  readonly identity?: string
  /** The database fills it from other tables as they arrive, or has no such table at all. */
  readonly derived?: true
}
