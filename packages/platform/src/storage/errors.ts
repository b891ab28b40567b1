/** The errors of every store, whatever database is behind it. */

/** The store is temporarily unavailable; a retry may succeed. */
export class StoreUnavailable extends Error {
  override readonly name = 'StoreUnavailable'
}

/** The database file is not what was written: it needs a person, and no retry helps. */
export class StoreDamaged extends StoreUnavailable {
  /** Its name without the folder, which may be shown to anyone. */
  readonly file: string

  constructor(file: string, message: string, options?: ErrorOptions) {
    super(message, options)
    this.file = file
  }
}

/** The store answers reads and refuses writes: its disk is full or read-only. */
export class StoreUnwritable extends StoreUnavailable {}

/** The request conflicts with what is stored. */
export class StoreConflict extends Error {
  override readonly name = 'StoreConflict'
}
