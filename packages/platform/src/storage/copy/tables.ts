/**
 * Tables while an installation is copied: rows of plain values, independent of the database.
 *
 * Only `miot copy` uses them. It bypasses the stores' ports on purpose: it copies everything that
 * is stored, not what a port returns.
 */

import type { RunQuery } from '../postgres/session.ts'
import type { TableSpec } from '../table-spec.ts'

/** Prepares for rows that are about to arrive, for example by creating a partition. */
export type MakeRoom = (
  query: RunQuery,
  table: TableSpec,
  rows: readonly CellRow[],
) => Promise<void>

export type Cell = string | number | Uint8Array | null
/** In the order of the columns. */
export type CellRow = readonly Cell[]

/** One database, locked and in one transaction. */
export interface HeldDatabase {
  /** Every table with its columns, except generated ones. */
  inventory(): Promise<ReadonlyMap<string, readonly string[]>>
  count(table: TableSpec): Promise<number>
  /** In batches, in no particular order unless `orderBy` is given. */
  rows(table: TableSpec, orderBy?: string): AsyncIterable<readonly CellRow[]>
  clear(table: TableSpec): Promise<void>
  insert(table: TableSpec, rows: readonly CellRow[]): Promise<void>
  /** Called after the last row of the table. */
  finish(table: TableSpec): Promise<void>
}

/** `read` sees a single snapshot; `write` happens completely or not at all. */
export type Access = 'read' | 'write'

/** Another process has the database open, and might write. */
export class DatabaseInUse extends Error {
  override readonly name = 'DatabaseInUse'
}

/** A text contains U+0000, which PostgreSQL cannot store. The message names the table. */
export class TextNotKept extends Error {
  override readonly name = 'TextNotKept'
}

export const ROWS_PER_BATCH = 1000

export const columnNames = ({ columns }: TableSpec): string[] => Object.keys(columns)
