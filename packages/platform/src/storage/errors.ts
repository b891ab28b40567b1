/** How a store says no, whatever it is made of. */

/** The store is temporarily unavailable; trying again later may work. */
export class StoreUnavailable extends Error {
  override readonly name = 'StoreUnavailable'
}

/** What was asked contradicts what is stored. */
export class StoreConflict extends Error {
  override readonly name = 'StoreConflict'
}
