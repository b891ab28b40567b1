/** Notices that the database has changed, by this process or another. */

import type { StoreChange } from '../ports/changes.ts'
import { changeBetween, MAX_NAMED_CLIENTS, type Revision } from '../revision.ts'
import type { Sqlite } from './connection.ts'

/** How soon a change by another process is noticed. */
const CHANGE_POLL_MS = 200

const REVISION = 'SELECT value, keys, feed_seq FROM revision'
const CHANGED_CLIENTS =
  'SELECT client_id FROM clients WHERE changed_by > ? AND changed_by > 0 LIMIT ?'

export interface ChangeWatch {
  /** Looks now; called after this process has written. */
  check(): void
  stop(): void
  /** Returns a function that unsubscribes. */
  subscribe(listener: (change: StoreChange) => void): () => void
  /** Milliseconds since the last successful look; 0 while looks succeed. */
  silentForMs(): number
}

/** Polls the revision while there are listeners, and notifies them when it has moved. */
export function watchChanges({ sql }: Sqlite): ChangeWatch {
  const listeners = new Set<(change: StoreChange) => void>()
  let seen = readRevision()
  let inTouchAt = performance.now()
  let inTouch = true
  let timer: NodeJS.Timeout | null = null

  function readRevision(): Revision {
    return sql(REVISION).get() as unknown as Revision
  }
  function changedClients(): string[] {
    const rows = sql(CHANGED_CLIENTS).all(seen.value, MAX_NAMED_CLIENTS + 1)
    return rows.map(({ client_id }) => client_id as string)
  }
  /** What has changed since the last look; null: nothing. */
  function look(): StoreChange | null {
    const revision = readRevision()
    if (revision.value === seen.value) return null
    const change = changeBetween(seen, revision, changedClients())
    seen = revision
    return change
  }
  function check(): void {
    let change: StoreChange | null = null
    try {
      change = look()
      inTouch = true
      inTouchAt = performance.now()
    } catch {
      inTouch = false // Requests report the store's state themselves.
    }
    if (change === null) return
    for (const listener of listeners) listener(change)
  }
  function stop(): void {
    if (timer !== null) clearInterval(timer)
    timer = null
  }
  return {
    check,
    stop,
    silentForMs: () => (inTouch ? 0 : performance.now() - inTouchAt),
    subscribe(listener) {
      listeners.add(listener)
      timer ??= setInterval(check, CHANGE_POLL_MS).unref()
      return () => {
        listeners.delete(listener)
        if (listeners.size === 0) stop()
      }
    },
  }
}
