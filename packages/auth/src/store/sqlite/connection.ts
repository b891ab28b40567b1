/** The one connection to the file, as the stores of this folder use it. */

import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { atomically, attempt, type GroupCommit, groupCommit } from '@modulariot/platform/storage'

export interface Sqlite {
  /** The statement of this text, which is prepared once. Texts are constants: none is dropped. */
  sql(text: string): StatementSync
  /** A statement that is not kept, for texts that are not constants. */
  prepare(text: string): StatementSync
  /**
   * All of it happens, or none. @throws StoreUnavailable, StoreConflict, and what `work` throws.
   */
  transaction<Result>(work: () => Result): Promise<Result>
  /** For the small writes of logins: those of one turn of the event loop share a transaction. */
  readonly groupCommit: GroupCommit
}

export function createConnection(database: DatabaseSync): Sqlite {
  const prepared = new Map<string, StatementSync>()
  return {
    sql(text) {
      const known = prepared.get(text)
      if (known !== undefined) return known
      const statement = database.prepare(text)
      prepared.set(text, statement)
      return statement
    },
    prepare: (text) => database.prepare(text),
    transaction: (work) => attempt(() => atomically(database, work)),
    groupCommit: groupCommit(database),
  }
}
