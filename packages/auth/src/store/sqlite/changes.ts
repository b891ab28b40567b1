/** Notices that the database has changed, by this process or another. */

import type { StoreChange } from '../ports/changes.ts'
import { changeBetween, MAX_NAMED_CLIENTS, type Revision } from '../revision.ts'
import type { Sqlite } from './connection.ts'

/** How soon a change by another process is noticed. */
const CHANGE_POLL_MS = 200

const REVISION = 'SELECT value, keys, feed_seq FROM revision'
const CHANGED_CLIENTS =
  'SELECT client_id FROM clients WHERE changed_by > ? AND changed_by > 0 LIMIT ?'
/** Deleted clients among them, which have no row. */
const CUT_OFF_CLIENTS = `SELECT subject AS client_id FROM revocations
   WHERE seq > ? AND kind = 'client' LIMIT ?`

/** Polls the revision while there are listeners, and notifies them when it has moved. */
export class ChangeWatch {
  readonly #sqlite: Sqlite
  readonly #listeners = new Set<(change: StoreChange) => void>()
  #seen: Revision
  #inTouchAt = performance.now()
  #inTouch = true
  #timer: NodeJS.Timeout | null = null

  constructor(sqlite: Sqlite) {
    this.#sqlite = sqlite
    this.#seen = readRevision(sqlite)
  }

  /** Looks now; called after this process has written. */
  check(): void {
    let change: StoreChange | null = null
    try {
      change = this.#look()
      this.#inTouch = true
      this.#inTouchAt = performance.now()
    } catch {
      this.#inTouch = false // Requests report the store's state themselves.
    }
    if (change === null) return
    for (const listener of this.#listeners) listener(change)
  }

  /** Returns a function that unsubscribes. */
  subscribe(listener: (change: StoreChange) => void): () => void {
    this.#listeners.add(listener)
    this.#timer ??= setInterval(() => this.check(), CHANGE_POLL_MS).unref()
    return () => {
      this.#listeners.delete(listener)
      if (this.#listeners.size === 0) this.stop()
    }
  }

  /** Milliseconds since the last successful look; 0 while looks succeed. */
  silentForMs(): number {
    return this.#inTouch ? 0 : performance.now() - this.#inTouchAt
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer)
    this.#timer = null
  }

  /** What has changed since the last look; null: nothing. */
  #look(): StoreChange | null {
    const revision = readRevision(this.#sqlite)
    const seen = this.#seen
    if (revision.value === seen.value) return null
    const change = changeBetween(seen, revision, changedClients(this.#sqlite, seen))
    this.#seen = revision
    return change
  }
}

function readRevision({ sql }: Sqlite): Revision {
  return sql(REVISION).get() as unknown as Revision
}

function changedClients({ sql }: Sqlite, since: Revision): string[] {
  const rows = [
    ...sql(CHANGED_CLIENTS).all(since.value, MAX_NAMED_CLIENTS + 1),
    ...sql(CUT_OFF_CLIENTS).all(since.feed_seq, MAX_NAMED_CLIENTS + 1),
  ]
  return rows.map(({ client_id }) => client_id as string)
}
