/**
 * Notices that the database has changed, by this instance or another.
 *
 * NOTIFY is the fast path. The revision, read every moment on the same connection, covers what
 * NOTIFY may lose: a lost connection, a pooler that swallows notifications, a failover to a server
 * that lacks the last of them. If no connection is left to listen on (servers bound their number),
 * the connections of the pool read the revision instead.
 */

import type { Listener, Postgres } from '@modulariot/platform/postgres'
import type { StoreChange } from '../ports/changes.ts'
import { changeBetween, MAX_NAMED_CLIENTS, type Revision } from '../revision.ts'
import { CHANNEL } from './change-unit.ts'

const LOOK_AGAIN_MS = 200
/** A look over the pool counts as contact for this long. */
const LOOKED_WITHIN_MS = 1200

/**
 * One statement, so that what it reads is of one moment. The order only makes PostgreSQL take the
 * index: for a few of many rows it would otherwise scan the table, in the hope of finding them
 * early. A deleted client has no row; the feed names it.
 */
export const REVISION = {
  name: 'revision-since',
  text: `SELECT value, keys, feed_seq, ARRAY(
      SELECT client_id FROM auth.clients WHERE changed_by > $1 AND changed_by > 0
      ORDER BY changed_by DESC LIMIT $2
    ) || ARRAY(
      SELECT subject FROM auth.revocations WHERE seq > $3 AND kind = 'client'
      ORDER BY seq DESC LIMIT $2
    ) AS clients FROM auth.revision`,
}

interface RevisionSince extends Revision {
  /** Clients changed since the revision that was passed in. */
  readonly clients: readonly string[]
}

/** Listens while there are listeners, and notifies them when the revision has moved. */
export class ChangeWatch {
  readonly #postgres: Postgres
  readonly #listeners = new Set<(change: StoreChange) => void>()
  #seen: Revision
  #listening: Listener | null = null
  /** When looks began to fail; null: the last one succeeded. */
  #failingSince: number | null = null
  /** When the last successful look began. */
  #lookedAt = performance.now()
  /** There is no connection to listen on. */
  #notListening = false
  #again: NodeJS.Timeout | null = null
  #stopped = false
  #last: Promise<void> = Promise.resolve()
  #next: Promise<void> | null = null

  private constructor(postgres: Postgres, seen: Revision) {
    this.#postgres = postgres
    this.#seen = seen
  }

  /** @throws StoreUnavailable */
  static async open(postgres: Postgres): Promise<ChangeWatch> {
    return new ChangeWatch(postgres, await readRevision(postgres, NEWEST))
  }

  /**
   * Looks, and resolves once listeners know of everything that was committed before the call. Never
   * rejects. A look that has begun may be too early for that, so one more follows it.
   */
  check(): Promise<void> {
    this.#next ??= this.#last.then(() => {
      this.#next = null
      return this.#look()
    })
    this.#last = this.#next
    return this.#next
  }

  /** Returns a function that unsubscribes. */
  subscribe(listener: (change: StoreChange) => void): () => void {
    this.#listeners.add(listener)
    this.#listening ??= this.#listen()
    return () => this.#listeners.delete(listener)
  }

  /** Milliseconds for which a change may have been missed; 0 while all is well. */
  silentForMs(): number {
    const failingMs = this.#failingSince === null ? 0 : performance.now() - this.#failingSince
    return Math.max(failingMs, this.#withoutContactMs())
  }

  stop(): void {
    this.#stopped = true
    if (this.#again !== null) clearTimeout(this.#again)
  }

  async #look(): Promise<void> {
    let revision: RevisionSince
    const begunAt = performance.now()
    try {
      revision = await readRevision(this.#postgres, this.#seen)
    } catch {
      this.#failingSince ??= performance.now()
      this.#lookSoon()
      return // Requests report the store's state themselves.
    }
    this.#failingSince = null
    this.#lookedAt = begunAt
    if (this.#notListening) this.#lookSoon()
    const change = changeBetween(this.#seen, revision, revision.clients)
    this.#seen = revision
    if (change === null) return
    for (const listener of this.#listeners) listener(change)
  }

  #lookSoon(): void {
    if (this.#stopped) return
    this.#again ??= setTimeout(() => {
      this.#again = null
      void this.check()
    }, LOOK_AGAIN_MS).unref()
  }

  /** Milliseconds since the last contact, by the listener or by a look over the pool. */
  #withoutContactMs(): number {
    const unheardMs = this.#listening?.silentForMs() ?? 0
    const unseenMs = performance.now() - this.#lookedAt
    return unseenMs <= LOOKED_WITHIN_MS ? 0 : Math.min(unheardMs, unseenMs)
  }

  #listen(): Listener {
    return this.#postgres.listen(CHANNEL, {
      notified: () => void this.check(),
      found: () => {
        this.#notListening = false
        void this.check()
      },
      lost: () => {
        this.#notListening = true
        void this.check()
      },
      heartbeat: {
        text: 'SELECT value FROM auth.revision',
        answered: ([row]) => {
          if (row?.value !== this.#seen.value) void this.check()
        },
      },
    })
  }
}

/** Nothing is newer. */
const NEWEST = { value: Number.MAX_SAFE_INTEGER, feed_seq: Number.MAX_SAFE_INTEGER }

async function readRevision(
  postgres: Postgres,
  since: Pick<Revision, 'value' | 'feed_seq'>,
): Promise<RevisionSince> {
  const parameters = [since.value, MAX_NAMED_CLIENTS + 1, since.feed_seq]
  const { rows } = await postgres.query<RevisionSince>(REVISION, parameters)
  return rows[0] as RevisionSince
}
