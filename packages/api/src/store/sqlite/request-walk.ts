/**
 * Walks over the requests of a tenant, along their key, and deletes those that it looks for. They
 * have no other index: it would cost each report more than a walk once a day.
 */

import type { DatabaseSync, SQLInputValue } from 'node:sqlite'

/** Rows examined between two checks of the clock, some tenths of a millisecond. */
const ROWS = 1000

interface Place {
  readonly hash: Uint8Array
  readonly asset: number
}

const START: Place = { hash: new Uint8Array(0), asset: 0 }
/** After every hash. */
const END: Place = { hash: new Uint8Array(17).fill(0xff), asset: 0 }

/**
 * @param condition of the rows to delete; `?6` is the second argument of the walk.
 * @returns a walk that yields the number of deleted rows.
 */
export function createRequestWalk(database: DatabaseSync, condition: string) {
  const placeAfter = database.prepare(
    `SELECT hash, asset FROM requests WHERE tenant = ? AND (hash, asset) > (?, ?)
     ORDER BY hash, asset LIMIT 1 OFFSET ${ROWS - 1}`,
  )
  const remove = database.prepare(
    `DELETE FROM requests WHERE tenant = ?1 AND (hash, asset) > (?2, ?3)
       AND (hash, asset) <= (?4, ?5) AND ${condition}`,
  )
  return function* (tenant: number, value: SQLInputValue): Generator<number, void> {
    for (let last = START; last !== END; ) {
      const next = (placeAfter.get(tenant, last.hash, last.asset) as Place | undefined) ?? END
      yield Number(remove.run(tenant, last.hash, last.asset, next.hash, next.asset, value).changes)
      last = next
    }
  }
}
