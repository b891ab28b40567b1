/**
 * Tables while an installation is copied: rows of plain values, whatever database holds them.
 *
 * Only `miot copy` works on them. It goes past the stores' ports on purpose: what moves is
 * everything that is stored, not what a port would say of it.
 */

import type { RunQuery } from '../postgres/session.ts'
import type { TableSpec } from '../table-spec.ts'

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
