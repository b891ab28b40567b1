/** The errors of every store, whatever database is behind it. */

/** The store is temporarily unavailable; a retry may succeed. */
export class StoreUnavailable extends Error {
  override readonly name = 'StoreUnavailable'
}

/** The request conflicts with what is stored. */
export class StoreConflict extends Error {
  override readonly name = 'StoreConflict'
}
