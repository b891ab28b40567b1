/**
 * One connection: answers its requests one at a time, and ends within bounds.
 *
 * Node parses every pipelined request of a chunk (RFC 9112 §9.3.2), emits all of them at once and
 * keeps each answer until the previous ones are written. A connection that reads nothing could thus
 * make the server hold more than a thousand answers. Here a request begins only once the kernel has
 * taken the previous answer; until then the parsed requests wait, few and unprocessed, and the
 * socket is not read.
 */

import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/** Why the server closes a connection that its peer keeps open. */
export const CLOSE_REASONS = [
  'total',
  'address',
  'pipelined',
  'handshake',
  'unread',
  'memory',
] as const
export type CloseReason = (typeof CLOSE_REASONS)[number]

interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
}

/** How long the peer may take to close after our last answer. */
const END_TIMEOUT_MS = 2000

export class Connection {
  /** The address block that limits count by; null for a trusted proxy, which has no limit. */
  readonly block: string | null
  /**
   * `performance.now()` when it was opened, last began a request, or last made progress reading an
   * answer.
   */
  activeAt: number
  /** Ready for HTTP: plaintext, or the TLS handshake is done. */
  ready: boolean
  #socket: Socket
  readonly #maxWaiting: number
  readonly #onClose: (reason: CloseReason) => void
  #current: Exchange | null = null
  /** The request that was answered before all of its body arrived. */
  #refused: IncomingMessage | null = null
  #waiting: Exchange[] = []
  /** The socket is not read. */
  #held = false
  #handle: RequestListener = () => {}
  #ending = false
  /** Progress of the answer that waits for its reader, in bytes; -1 when none waits. */
  #confirmedBytes = -1

  constructor(
    socket: Socket,
    options: {
      readonly block: string | null
      readonly ready: boolean
      readonly maxWaiting: number
      /** Called when the server closes the connection, not when the peer does. */
      readonly onClose: (reason: CloseReason) => void
    },
  ) {
    this.#socket = socket
    this.block = options.block
    this.ready = options.ready
    this.#maxWaiting = options.maxWaiting
    this.#onClose = options.onClose
    this.activeAt = performance.now()
    if (this.ready) this.#keepHeld()
  }

  get socket(): Socket {
    return this.#socket
  }

  /**
   * True while no answer is being prepared: no request, an incomplete one, or a fully written
   * answer.
   */
  get evictable(): boolean {
    if (this.#current === null) return true
    const { request, response } = this.#current
    return !request.complete || response.writableEnded
  }

  /** Called after the TLS handshake. */
  becomeReady(socket: Socket): void {
    this.#socket = socket
    this.ready = true
    this.#keepHeld()
  }

  /** Handles the request now, or once the kernel has taken the previous answers. */
  take(request: IncomingMessage, response: ServerResponse, handle: RequestListener): void {
    if (this.#ending) this.#hold()
    else if (this.#current === null) this.#begin({ request, response }, handle)
    else if (this.#waiting.length >= this.#maxWaiting) this.close('pipelined')
    else {
      this.#waiting.push({ request, response })
      this.#handle = handle
      this.#hold()
    }
  }

  #hold(): void {
    this.#held = true
    // Node also pauses its parser when a request arrives while an answer is unsent, and then fails
    // on the next TLS record of the same read (HPE_PAUSED). It records the pause in this flag and
    // acts on it after the chunk.
    Object.assign(this.#socket, { _paused: false })
    this.#socket.pause()
  }

  /** Node resumes the socket at the end of every message. */
  #keepHeld(): void {
    this.#socket.on('resume', () => {
      if (this.#held) this.#socket.pause()
    })
  }

  #release(): void {
    if (!this.#held) return
    this.#held = false
    this.#socket.resume()
  }

  #begin(exchange: Exchange, handle: RequestListener): void {
    this.#current = exchange
    this.activeAt = performance.now()
    exchange.response.once('close', this.#next)
    handle(exchange.request, exchange.response)
  }

  readonly #next = (): void => {
    const request = this.#current?.request
    this.#refused = request === undefined || request.complete ? null : request
    this.#current = null
    // RFC 9112 §9.6: nothing is processed after the answer that closes the connection.
    if (!this.#socket.writable) this.#waiting = []
    else if (this.#ending) this.end()
    else {
      const next = this.#waiting.shift()
      // Also for the last waiting request: a disconnect is only noticed while the socket is read.
      if (this.#waiting.length === 0) this.#release()
      if (next !== undefined) this.#begin(next, this.#handle)
    }
  }

  /**
   * Whether malformed bytes may get an answer of their own. Not while the answer to an earlier
   * request is due, since the client would take one for the other, and not when the bytes are the
   * rest of a refused body.
   */
  canAnswerMalformed(): boolean {
    if (!this.ready || this.#ending) return false
    if (this.#current === null) return this.#refused === null || this.#refused.complete
    return !this.#current.request.complete && !this.#current.response.headersSent
  }

  /** Starts no further request, and closes after the current answer. */
  endAfterAnswer(): void {
    this.#ending = true
    this.#waiting = []
    if (this.#current === null) this.end()
  }

  /**
   * Sends `text` and ends. Destroying a socket with unread bytes resets the connection, and the
   * peer might never see the text; so the peer gets a moment to close first.
   */
  end(text?: string): void {
    this.#ending = true
    const socket = this.#socket
    const timer = setTimeout(() => socket.destroy(), END_TIMEOUT_MS).unref()
    socket.once('close', () => clearTimeout(timer))
    if (text === undefined) socket.end()
    else socket.end(text)
  }

  close(reason: CloseReason): void {
    this.#ending = true
    this.#waiting = []
    if (this.#socket.destroyed) return
    this.#onClose(reason)
    this.#socket.destroy()
  }

  /**
   * Bytes that wait for the peer to read them.
   *
   * @param now `performance.now()`
   * @param timeoutMs how long the peer may be slower than `bytesPerSecond`.
   * @returns null when they have waited too long.
   */
  unsentBytes(now: number, timeoutMs: number, bytesPerSecond: number): number | null {
    const { writableLength, bytesWritten } = this.#socket
    const confirmedBytes = writableLength === 0 ? -1 : bytesWritten - writableLength
    if (confirmedBytes !== this.#confirmedBytes) {
      this.#confirmedBytes = confirmedBytes
      this.activeAt = now
    }
    const allowedMs = timeoutMs + (writableLength / bytesPerSecond) * 1000
    return writableLength > 0 && now - this.activeAt > allowedMs ? null : writableLength
  }
}
