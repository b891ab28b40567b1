/** Notices that the database has changed, by this process or another. */

import type { StoreChange } from '../ports/changes.ts'

/** How soon a change by another process is noticed. */
const CHANGE_POLL_MS = 200

/** Numbers that only grow: the last change of anything, of keys, and of the feed. */
export interface Revision {
  readonly value: number
  readonly keys: number
  readonly feed_seq: number
}

export interface ChangeWatch {
  /** Looks now; called after own writes. */
  check(): void
  stop(): void
  /** Returns a function that unsubscribes. */
  subscribe(listener: (change: StoreChange) => void): () => void
  /** Milliseconds since the database was last read without fault; 0 when the last look had none. */
  silentForMs(): number
}

/** Tells listeners when the revision has moved; while nobody listens, nothing is read. */
export function watchChanges(database: {
  readRevision: () => Revision
  /** Clients changed behind this revision. */
  changedClients: (since: number) => StoreChange['clients']
}): ChangeWatch {
  const listeners = new Set<(change: StoreChange) => void>()
  let seen = database.readRevision()
  let inTouchAt = performance.now()
  let inTouch = true
  let timer: NodeJS.Timeout | null = null

  /** What has changed since the last look; null: nothing. */
  function look(): StoreChange | null {
    const revision = database.readRevision()
    if (revision.value === seen.value) return null
    const change = {
      clients: database.changedClients(seen.value),
      keys: revision.keys > seen.value,
      revocations: revision.feed_seq !== seen.feed_seq,
    }
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
      inTouch = false // Requests meanwhile report the store's state themselves.
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
