/** Notices that the database has changed, by this process or another. */

/** How soon a change by another process is noticed. */
const CHANGE_POLL_MS = 200

export interface ChangeWatch {
  /** Looks now; called after own writes. */
  check(): void
  stop(): void
  /** Returns a function that unsubscribes. */
  subscribe(listener: () => void): () => void
}

/**
 * Tells listeners when the revision has moved; while nobody listens, nothing is read.
 *
 * @param readRevision a number that every change counts up.
 */
export function watchChanges(readRevision: () => number): ChangeWatch {
  const listeners = new Set<() => void>()
  let seen = readRevision()
  let timer: NodeJS.Timeout | null = null

  function check(): void {
    let revision = seen
    try {
      revision = readRevision()
    } catch {
      return // The next check will tell; requests meanwhile report the store's state themselves.
    }
    if (revision === seen) return
    seen = revision
    for (const listener of listeners) listener()
  }
  function stop(): void {
    if (timer !== null) clearInterval(timer)
    timer = null
  }
  return {
    check,
    stop,
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
