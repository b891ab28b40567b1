/**
 * A connection of its own that hears what is said on a channel, and knows whether it still does.
 *
 * A connection that was cut somewhere on the way looks like one where nobody speaks; only a
 * question that is answered tells them apart, so one is asked all the time. What was said while we
 * were away is lost: `found` is when to look for oneself.
 */

import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import type { StoreUnavailable } from '../errors.ts'
import { unavailable } from './postgres-errors.ts'

export interface ListenHandlers {
  notified(payload: string): void
  /** We hear again, or for the first time; what was said before may have been missed. */
  found?(): void
  /** We hear no more; told once until `found`. */
  lost?(error: StoreUnavailable): void
  /**
   * What is asked all the time, and who gets the answer: a pooler on the way may swallow what is
   * said.
   */
  readonly heartbeat?: {
    readonly text: string
    answered(rows: readonly Record<string, unknown>[]): void
  }
}

export interface Listener {
  /** Milliseconds since it was last certain that nothing was missed, 0 while it hears. */
  silentForMs(): number
  stop(): Promise<void>
}

const HEARTBEAT_MS = 400
const HEARTBEAT_TIMEOUT_MS = 800
const MIN_BACKOFF_MS = 50
const MAX_BACKOFF_MS = 1000

export function listen(
  config: pg.ClientConfig,
  channel: string,
  handlers: ListenHandlers,
): Listener {
  const stopping = new AbortController()
  const { signal } = stopping
  let heardAt = performance.now()
  let client: pg.Client | null = null

  async function hear(onFound: () => void): Promise<never> {
    const connected = new pg.Client(config)
    client = connected
    const broken = brokenOf(connected)
    // Anybody may speak on a channel. A handler that cannot bear it must not end the process: what
    // was said counts as lost, and `found` follows.
    connected.on('notification', ({ payload }) => {
      try {
        handlers.notified(payload ?? '')
      } catch (error) {
        connected.emit('error', error as Error)
      }
    })
    async function ask(text: string): Promise<readonly Record<string, unknown>[]> {
      const askedAt = performance.now()
      const query = { text, query_timeout: HEARTBEAT_TIMEOUT_MS } as pg.QueryConfig
      const { rows } = await Promise.race([connected.query(query), broken])
      heardAt = askedAt
      return rows
    }
    try {
      // Left while it connects, `pg` says nothing more.
      await Promise.race([connected.connect(), broken])
      await ask(`LISTEN ${pg.escapeIdentifier(channel)}`)
      onFound()
      for (;;) {
        await Promise.race([sleep(HEARTBEAT_MS, undefined, { signal }), broken])
        const rows = await ask(handlers.heartbeat?.text ?? 'SELECT 1')
        handlers.heartbeat?.answered(rows)
      }
    } finally {
      client = null
      leave(connected)
    }
  }

  async function keepHearing(): Promise<void> {
    let backoffMs = MIN_BACKOFF_MS
    let lost = false
    while (!signal.aborted) {
      try {
        await hear(() => {
          backoffMs = MIN_BACKOFF_MS
          lost = false
          handlers.found?.()
        })
      } catch (error) {
        if (signal.aborted) return
        if (!lost) handlers.lost?.(unavailable(error))
        lost = true
      }
      // Spread, so that a fleet of instances does not come back in step.
      const waitMs = backoffMs * (0.5 + Math.random())
      await sleep(waitMs, undefined, { signal }).catch(() => undefined)
      backoffMs = Math.min(2 * backoffMs, MAX_BACKOFF_MS)
    }
  }

  const ended = keepHearing()
  return {
    silentForMs() {
      const silentMs = performance.now() - heardAt
      return silentMs > HEARTBEAT_MS + HEARTBEAT_TIMEOUT_MS ? silentMs : 0
    },
    async stop() {
      stopping.abort()
      if (client !== null) leave(client)
      await ended
    },
  }
}

/** Rejects when the connection breaks, by error or by silence of the socket. */
function brokenOf(client: pg.Client): Promise<never> {
  const broken = new Promise<never>((_, reject) => {
    client.on('error', reject)
    client.on('end', () => reject(new Error('Connection terminated')))
  })
  // It is awaited beside others only; alone it must not be an unhandled rejection.
  broken.catch(() => undefined)
  return broken
}

/** No goodbye is waited for: the server may hang. */
function leave(client: pg.Client): void {
  client.end().catch(() => undefined)
  client.connection.stream.destroy()
}
