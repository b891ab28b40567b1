/**
 * LISTEN on a dedicated connection, and a heartbeat that shows whether notifications still arrive.
 *
 * A connection that was cut along the way looks like an idle one; only a query that gets an answer
 * tells them apart, so the heartbeat never stops. Notifications sent while the connection was down
 * are lost: after `found`, the caller reads the current state itself.
 */

import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import type { StoreUnavailable } from '../errors.ts'
import { type ConnectionConfig, TimedClient } from './connect-in-time.ts'
import { Deadline } from './in-time.ts'
import { noAnswer, unavailable } from './postgres-errors.ts'

export interface ListenHandlers {
  notified(payload: string): void
  /** Listening, for the first time or again; earlier notifications may have been missed. */
  found?(): void
  /** No longer listening; called once until the next `found`. */
  lost?(error: StoreUnavailable): void
  /**
   * A query to run as the heartbeat, with a callback for its rows: for callers that must notice
   * changes even behind a pooler that swallows notifications.
   */
  readonly heartbeat?: {
    readonly text: string
    answered(rows: readonly Record<string, unknown>[]): void
  }
}

export interface Listener {
  /** Milliseconds since it was last certain that nothing was missed; 0 while listening. */
  silentForMs(): number
  stop(): Promise<void>
}

const HEARTBEAT_MS = 400
const HEARTBEAT_TIMEOUT_MS = 800
const MIN_BACKOFF_MS = 50
const MAX_BACKOFF_MS = 1000

/** Starts at once and reconnects until `stop`. */
export function listen(
  config: ConnectionConfig,
  channel: string,
  handlers: ListenHandlers,
): Listener {
  return new ChannelListener(config, channel, handlers)
}

class ChannelListener implements Listener {
  readonly #config: ConnectionConfig
  readonly #channel: string
  readonly #handlers: ListenHandlers
  readonly #stopping = new AbortController()
  readonly #ended: Promise<void>
  #connection: Connection | null = null
  #lastAnswerAt = performance.now()
  #isLost = false
  #backoffMs = MIN_BACKOFF_MS

  constructor(config: ConnectionConfig, channel: string, handlers: ListenHandlers) {
    this.#config = config
    this.#channel = channel
    this.#handlers = handlers
    this.#ended = this.#keepListening()
  }

  silentForMs(): number {
    const silentMs = performance.now() - this.#lastAnswerAt
    return silentMs > HEARTBEAT_MS + HEARTBEAT_TIMEOUT_MS ? silentMs : 0
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    if (this.#connection !== null) disconnect(this.#connection.client)
    await this.#ended
  }

  async #keepListening(): Promise<void> {
    const { signal } = this.#stopping
    while (!signal.aborted) {
      try {
        await this.#listenUntilBroken()
      } catch (error) {
        if (signal.aborted) return
        this.#reportLost(error)
      }
      // Jitter, so that a fleet of instances does not reconnect in step.
      const waitMs = this.#backoffMs * (0.5 + Math.random())
      await sleep(waitMs, undefined, { signal }).catch(() => undefined)
      this.#backoffMs = Math.min(2 * this.#backoffMs, MAX_BACKOFF_MS)
    }
  }

  async #listenUntilBroken(): Promise<never> {
    const client = new TimedClient(this.#config)
    const connection = { client, broken: rejectWhenBroken(client) }
    this.#connection = connection
    this.#forwardNotifications(client)
    try {
      // `pg` leaves `connect` pending when the client is ended while connecting.
      await Promise.race([client.connect(), connection.broken])
      await this.#query(connection, `LISTEN ${pg.escapeIdentifier(this.#channel)}`)
      this.#reportFound()
      return await this.#beat(connection)
    } finally {
      this.#connection = null
      disconnect(client)
    }
  }

  /**
   * Every role of the database may notify the channel. A handler that throws must not end the
   * process: the notification counts as lost, and `found` follows.
   */
  #forwardNotifications(client: pg.Client): void {
    client.on('notification', ({ payload }) => {
      try {
        this.#handlers.notified(payload ?? '')
      } catch (error) {
        client.emit('error', error as Error)
      }
    })
  }

  async #beat(connection: Connection): Promise<never> {
    const { heartbeat } = this.#handlers
    const { signal } = this.#stopping
    for (;;) {
      await Promise.race([sleep(HEARTBEAT_MS, undefined, { signal }), connection.broken])
      const rows = await this.#query(connection, heartbeat?.text ?? 'SELECT 1')
      heartbeat?.answered(rows)
    }
  }

  async #query(
    { client, broken }: Connection,
    text: string,
  ): Promise<readonly Record<string, unknown>[]> {
    const sentAt = performance.now()
    const answer = Promise.race([client.query(text), broken])
    const late = () => noAnswer(HEARTBEAT_TIMEOUT_MS)
    const { rows } = await new Deadline(HEARTBEAT_TIMEOUT_MS).wait(answer, late)
    this.#lastAnswerAt = sentAt
    return rows
  }

  #reportFound(): void {
    this.#backoffMs = MIN_BACKOFF_MS
    this.#isLost = false
    this.#handlers.found?.()
  }

  #reportLost(error: unknown): void {
    if (!this.#isLost) this.#handlers.lost?.(unavailable(error))
    this.#isLost = true
  }
}

interface Connection {
  readonly client: pg.Client
  /** Rejects when the connection breaks; never resolves. */
  readonly broken: Promise<never>
}

/** Rejects when the connection breaks, by an error or because the socket closed. */
function rejectWhenBroken(client: pg.Client): Promise<never> {
  const broken = new Promise<never>((_, reject) => {
    client.on('error', reject)
    client.on('end', () => reject(new Error('Connection terminated')))
  })
  // Only ever awaited in a race; on its own it must not become an unhandled rejection.
  broken.catch(() => undefined)
  return broken
}

/** Does not wait for an orderly end: the server may hang. */
function disconnect(client: pg.Client): void {
  client.end().catch(() => undefined)
  client.connection.stream.destroy()
}
