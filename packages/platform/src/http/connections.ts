/**
 * All connections of a server: how many may be open, and which are closed for being idle or
 * stalled.
 *
 * Node's own list lacks connections in a TLS handshake, and its limit (`maxConnections`) refuses
 * everyone once an attacker has filled it. Here a new connection replaces the one idle for longest.
 */

import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import { Server as TlsServer } from 'node:tls'
import { countEach, type Metrics } from '../metrics/index.ts'
import { addressBlock } from '../net/address-block.ts'
import { addressInList } from '../net/address-list.ts'
import { normalizeAddress } from './client-address.ts'
import { CLOSE_REASONS, type CloseReason, Connection } from './connection.ts'
import type { ConnectionLimits } from './connection-limits.ts'

export interface ConnectionsOptions {
  readonly limits: ConnectionLimits
  /** A TLS handshake fails after this time; Node reports it but does not close the socket. */
  readonly handshakeTimeoutMs: number
  /** Addresses and CIDR ranges without a limit per address: many clients share each. */
  readonly trustedProxies: readonly string[]
  readonly metrics: Metrics
}

/** How often answers and handshakes are checked. */
const SWEEP_INTERVAL_MS = 1000

/**
 * Share of the limit that is closed at once when it is reached: finding the idle connections means
 * walking all of them.
 */
const EVICTED_SHARE = 0.01

export class Connections {
  readonly #options: ConnectionsOptions
  readonly #open = new Set<Connection>()
  readonly #bySocket = new WeakMap<Socket, Connection>()
  /**
   * Keyed by the peer's address and port, and ours: a socket in a handshake and the secure socket
   * on top of it share them.
   */
  readonly #byPeer = new Map<string, Connection>()
  readonly #perBlock = new Map<string, number>()
  readonly #closed: Readonly<Record<CloseReason, { add(): void }>>
  #sweeping: NodeJS.Timeout | undefined
  #onNone = (): void => {}

  constructor(options: ConnectionsOptions) {
    this.#options = options
    const count = countEach(
      options.metrics.counter({
        name: 'miot_http_connections_closed_total',
        help: 'Connections the server closed to protect itself, by the limit they exceeded.',
        labels: ['reason'],
      }),
      'reason',
      CLOSE_REASONS,
    )
    this.#closed = Object.fromEntries(
      CLOSE_REASONS.map((reason) => [reason, count(reason)]),
    ) as Record<CloseReason, { add(): void }>
    options.metrics.gauge({
      name: 'miot_http_connections',
      combine: 'sum',
      help: 'Open connections, including those in a TLS handshake.',
      read: () => this.#open.size,
    })
  }

  /** Attaches to a server that does not listen yet. */
  follow(server: Server): void {
    const secure = server instanceof TlsServer
    server.on('connection', (socket: Socket) => this.#admit(socket, !secure))
    server.on('secureConnection', (socket: Socket) => this.#becomeSecure(socket))
    // As often as the shortest timeout requires.
    const { limits, handshakeTimeoutMs } = this.#options
    const shortest = Math.min(limits.answerTimeoutMs, handshakeTimeoutMs)
    const interval = Math.min(SWEEP_INTERVAL_MS, shortest / 2)
    this.#sweeping = setInterval(() => this.#sweep(performance.now()), interval).unref()
    server.once('close', () => clearInterval(this.#sweeping))
  }

  /** Undefined for a socket whose TLS handshake is not done, or that was refused. */
  find(socket: Socket): Connection | undefined {
    return this.#bySocket.get(socket)
  }

  get size(): number {
    return this.#open.size
  }

  all(): IterableIterator<Connection> {
    return this.#open.values()
  }

  /** Resolves once no connection is open, or after `withinMs`. */
  async untilNone(withinMs: number): Promise<void> {
    if (this.#open.size === 0) return
    const none = Promise.withResolvers<void>()
    this.#onNone = none.resolve
    const late = setTimeout(none.resolve, withinMs)
    await none.promise
    clearTimeout(late)
  }

  #admit(socket: Socket, ready: boolean): void {
    const address = normalizeAddress(socket.remoteAddress)
    if (address === null) {
      // The peer has already disconnected.
      socket.destroy()
      return
    }
    const block = addressInList(this.#options.trustedProxies, address)
      ? null
      : addressBlock(address)
    const full = this.#fullFor(block)
    if (full !== null && !this.#evict(full, block)) {
      this.#closed[full].add()
      socket.destroy()
      return
    }
    const connection = new Connection(socket, {
      block,
      ready,
      maxWaiting: this.#options.limits.maxWaitingRequests,
      onClose: (reason) => this.#closed[reason].add(),
    })
    this.#add(connection, socket)
  }

  #add(connection: Connection, socket: Socket): void {
    const { block } = connection
    const peer = peerOf(socket)
    this.#open.add(connection)
    this.#byPeer.set(peer, connection)
    if (connection.ready) this.#bySocket.set(socket, connection)
    if (block !== null) this.#perBlock.set(block, (this.#perBlock.get(block) ?? 0) + 1)
    socket.once('close', () => {
      this.#forget(connection)
      if (this.#byPeer.get(peer) === connection) this.#byPeer.delete(peer)
    })
  }

  #forget(connection: Connection): void {
    const { block } = connection
    if (!this.#open.delete(connection)) return
    if (this.#open.size === 0) this.#onNone()
    if (block === null) return
    const left = (this.#perBlock.get(block) ?? 1) - 1
    if (left === 0) this.#perBlock.delete(block)
    else this.#perBlock.set(block, left)
  }

  #becomeSecure(socket: Socket): void {
    const connection = this.#byPeer.get(peerOf(socket))
    if (connection === undefined) socket.destroy()
    else {
      connection.becomeReady(socket)
      this.#bySocket.set(socket, connection)
    }
  }

  /** Which limit one more connection from there would exceed. */
  #fullFor(block: string | null): 'address' | 'total' | null {
    const { max, maxPerAddress } = this.#options.limits
    if (block !== null && (this.#perBlock.get(block) ?? 0) >= maxPerAddress) return 'address'
    return this.#open.size >= max ? 'total' : null
  }

  /**
   * Closes the connections that have neither begun a request nor read anything for longest, and for
   * which no answer is being prepared.
   *
   * @returns whether there is room now.
   */
  #evict(full: 'address' | 'total', block: string | null): boolean {
    const { max, maxPerAddress } = this.#options.limits
    const evictable = [...this.#open].filter(
      (one) => one.evictable && (full === 'total' || one.block === block),
    )
    evictable.sort((one, other) => one.activeAt - other.activeAt)
    const bound = full === 'total' ? max : maxPerAddress
    const evicted = evictable.slice(0, Math.max(1, Math.floor(bound * EVICTED_SHARE)))
    for (const connection of evicted) {
      connection.close(full)
      this.#forget(connection)
    }
    return evicted.length > 0
  }

  #sweep(now: number): void {
    const { limits, handshakeTimeoutMs } = this.#options
    const waiting: { readonly connection: Connection; readonly bytes: number }[] = []
    let unsent = 0
    for (const connection of this.#open) {
      if (!connection.ready) {
        if (now - connection.activeAt > handshakeTimeoutMs) connection.close('handshake')
        continue
      }
      const { answerTimeoutMs, answerBytesPerSecond } = limits
      const bytes = connection.unsentBytes(now, answerTimeoutMs, answerBytesPerSecond)
      if (bytes === null) connection.close('unread')
      else if (bytes > 0) {
        unsent += bytes
        waiting.push({ connection, bytes })
      }
    }
    if (unsent <= limits.unsentBytes) return
    // Those without progress for longest come first.
    waiting.sort((one, other) => one.connection.activeAt - other.connection.activeAt)
    for (const { connection, bytes } of waiting) {
      if (unsent <= limits.unsentBytes) return
      unsent -= bytes
      connection.close('memory')
    }
  }
}

function peerOf({ remoteAddress, remotePort, localAddress }: Socket): string {
  return `${remoteAddress} ${remotePort} ${localAddress}`
}
