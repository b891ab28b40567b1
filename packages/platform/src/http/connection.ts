/**
 * One connection: its requests are answered one at a time, and it ends within bounds.
 *
 * Node parses every pipelined request of a chunk (RFC 9112 §9.3.2), hands all of them over at once
 * and keeps each answer until those before it are written. One connection could so have more than a
 * thousand answers made and kept without reading any. Here a request begins when the answer before
 * it is with the kernel; until then those that were parsed wait, bare and few, and nothing more is
 * read.
 */

import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/** Why the server closes a connection that its peer still has. */
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

/** How long a peer may take to close after we have said our last. */
const END_TIMEOUT_MS = 2000

export class Connection {
  /** What the bound an address counts by; null: a trusted proxy's, which has none. */
  readonly block: string | null
  /** When it was opened, last began a request or took a part of its answer, `performance.now()`. */
  activeAt: number
  /** Carries HTTP: the TLS handshake is done, or there is none. */
  ready: boolean
  #socket: Socket
  readonly #maxWaiting: number
  readonly #onClose: (reason: CloseReason) => void
  #current: Exchange | null = null
  /** The request that was answered before all of its body came. */
  #refused: IncomingMessage | null = null
  #waiting: Exchange[] = []
  /** Nothing more is read. */
  #held = false
  #handle: RequestListener = () => {}
  #ending = false
  /** How far the answer is that waits for its reader; -1: none waits. */
  #confirmedBytes = -1

  constructor(
    socket: Socket,
    options: {
      readonly block: string | null
      readonly ready: boolean
      readonly maxWaiting: number
      /** Called when we close the connection, not when its peer does. */
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

  /** No answer is being made: there is no request, not the whole of it, or all of its answer. */
  get evictable(): boolean {
    if (this.#current === null) return true
    const { request, response } = this.#current
    return !request.complete || response.writableEnded
  }

  /** After the TLS handshake. */
  becomeReady(socket: Socket): void {
    this.#socket = socket
    this.ready = true
    this.#keepHeld()
  }

  /** Handles the request now, or once the answers before it are with the kernel. */
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
    // Node pauses its parser, too, when a request comes while an answer is unsent, and then fails
    // on the next TLS record of the same read (HPE_PAUSED). This is how it remembers to do so after
    // the chunk.
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
      // Also when it begins the last one: that its client leaves is only seen while the socket is
      // read.
      if (this.#waiting.length === 0) this.#release()
      if (next !== undefined) this.#begin(next, this.#handle)
    }
  }

  /**
   * Whether bytes that are no request may get an answer of their own. Not while the answer to an
   * earlier request is due, for which theirs would be taken, and not where they are the rest of a
   * body that was refused.
   */
  canAnswerMalformed(): boolean {
    if (!this.ready || this.#ending) return false
    if (this.#current === null) return this.#refused === null || this.#refused.complete
    return !this.#current.request.complete && !this.#current.response.headersSent
  }

  /** Begins no other request, and closes once the present one is answered. */
  endAfterAnswer(): void {
    this.#ending = true
    this.#waiting = []
    if (this.#current === null) this.end()
  }

  /**
   * Says `text` and ends. Destroyed at once, a socket with unread bytes resets the connection, and
   * its peer may never see the text; so the peer has a moment to close by itself.
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
   * @param timeoutMs how long it may be slower than `bytesPerSecond`.
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
