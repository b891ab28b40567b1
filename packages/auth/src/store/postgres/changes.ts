/**
 * Notices that the database has changed, by this instance or another.
 *
 * NOTIFY tells at once; the revision, asked for all the time on the same connection, tells in any
 * case: after a lost connection, behind a pooler that swallows notifications, and after a failover
 * to a server that had not heard the last of it. Where there is no connection to listen on (their
 * number is bounded somewhere), those of the pool are asked instead.
 */

import type { Listener, Postgres } from '@modulariot/platform/postgres'
import type { StoreChange } from '../ports/changes.ts'
import { changeBetween, MAX_NAMED_CLIENTS, type Revision } from '../revision.ts'
import { CHANNEL } from './change-unit.ts'

export interface ChangeWatch {
  /** Looks; resolves when whatever was committed before the call has been told. Never rejects. */
  check(): Promise<void>
  stop(): void
  /** Returns a function that unsubscribes. */
  subscribe(listener: (change: StoreChange) => void): () => void
  /** Milliseconds for which something may have been missed; 0 while all is well. */
  silentForMs(): number
}

const LOOK_AGAIN_MS = 200
/** Looks of the pool that are no older than this count as hearing. */
const LOOKED_WITHIN_MS = 1200

interface RevisionSince extends Revision {
  /** Clients changed since the revision that was passed in. */
  readonly clients: readonly string[]
}

/**
 * One statement, so that what it reads is of one moment. The order has no meaning but that it takes
 * the index: for a few of many it would rather read the whole table, in the hope of finding them
 * early.
 */
export const REVISION = {
  name: 'revision-since',
  text: `SELECT value, keys, feed_seq, ARRAY(
      SELECT client_id FROM auth.clients WHERE changed_by > $1 AND changed_by > 0
      ORDER BY changed_by DESC LIMIT $2
    ) AS clients FROM auth.revision`,
}

export async function watchChanges(postgres: Postgres): Promise<ChangeWatch> {
  const listeners = new Set<(change: StoreChange) => void>()
  let seen: Revision = await readRevision(Number.MAX_SAFE_INTEGER)
  let listening: Listener | null = null
  /** Since when looks fail. */
  let blindSince: number | null = null
  /** When the last look began that did not. */
  let lookedAt = performance.now()
  /** We have no connection to listen on. */
  let deaf = false
  let again: NodeJS.Timeout | null = null
  let stopped = false
  let last: Promise<void> = Promise.resolve()
  let next: Promise<void> | null = null

  async function readRevision(since: number): Promise<RevisionSince> {
    const { rows } = await postgres.query<RevisionSince>(REVISION, [since, MAX_NAMED_CLIENTS + 1])
    return rows[0] as RevisionSince
  }
  async function look(): Promise<void> {
    let revision: RevisionSince
    const begunAt = performance.now()
    try {
      revision = await readRevision(seen.value)
    } catch {
      blindSince ??= performance.now()
      lookSoon()
      return // Requests meanwhile report the store's state themselves.
    }
    blindSince = null
    lookedAt = begunAt
    if (deaf) lookSoon()
    const change = changeBetween(seen, revision, revision.clients)
    seen = revision
    if (change === null) return
    for (const listener of listeners) listener(change)
  }
  function lookSoon(): void {
    if (stopped) return
    again ??= setTimeout(() => {
      again = null
      void check()
    }, LOOK_AGAIN_MS).unref()
  }
  /** Milliseconds since when neither the listener nor a look of the pool has heard. */
  function deafForMs(): number {
    const unheardMs = listening?.silentForMs() ?? 0
    const unseenMs = performance.now() - lookedAt
    return unseenMs <= LOOKED_WITHIN_MS ? 0 : Math.min(unheardMs, unseenMs)
  }
  /** A look that has begun may be too early for what was just committed: one more follows it. */
  function check(): Promise<void> {
    next ??= last.then(() => {
      next = null
      return look()
    })
    last = next
    return next
  }
  function listen(): Listener {
    return postgres.listen(CHANNEL, {
      notified: () => void check(),
      found: () => {
        deaf = false
        void check()
      },
      lost: () => {
        deaf = true
        void check()
      },
      heartbeat: {
        text: 'SELECT value FROM auth.revision',
        answered: ([row]) => {
          if (row?.value !== seen.value) void check()
        },
      },
    })
  }

  return {
    check,
    stop() {
      stopped = true
      if (again !== null) clearTimeout(again)
    },
    subscribe(listener) {
      listeners.add(listener)
      listening ??= listen()
      return () => listeners.delete(listener)
    },
    silentForMs() {
      const blindMs = blindSince === null ? 0 : performance.now() - blindSince
      return Math.max(blindMs, deafForMs())
    },
  }
}
