/**
 * Tables as they are when a store moves house: rows of plain values, whatever database holds them.
 *
 * Only `miot copy` works on them. It goes past the stores' ports on purpose: what moves is everything that is
 * stored, not what a port would say of it.
 */

import type { RunQuery } from '../postgres/session.ts'

/**
 * `json` is kept as the text it was written as. `name` is text from outside: the bytes of it in PostgreSQL,
 * where TEXT cannot hold every string.
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

/** Makes room for rows that are about to arrive, such as a partition. */
export type MakeRoom = (
  query: RunQuery,
  table: TableSpec,
  rows: readonly CellRow[],
) => Promise<void>

export type Cell = string | number | Uint8Array | null
/** In the order of the columns. */
export type CellRow = readonly Cell[]

/** One database, held alone and in one transaction. */
export interface TablePlace {
  /** All there is to copy: every table with its columns, but those that are computed. */
  inventory(): Promise<ReadonlyMap<string, readonly string[]>>
  count(table: TableSpec): Promise<number>
  /** In pieces, in no certain order unless one is asked for. */
  rows(table: TableSpec, orderBy?: string): AsyncIterable<readonly CellRow[]>
  clear(table: TableSpec): Promise<void>
  insert(table: TableSpec, rows: readonly CellRow[]): Promise<void>
  /** After the last row of the table. */
  finish(table: TableSpec): Promise<void>
}

/** `read` sees one moment; `write` happens whole or not at all. */
export type Access = 'read' | 'write'

/** Somebody else has the database open, and might write. */
export class PlaceInUse extends Error {
  override readonly name = 'PlaceInUse'
}

/** Some text holds U+0000, which no text of PostgreSQL can; names the table. */
export class TextNotKept extends Error {
  override readonly name = 'TextNotKept'
}

export const ROWS_A_PIECE = 1000

export const columnNames = ({ columns }: TableSpec): string[] => Object.keys(columns)
