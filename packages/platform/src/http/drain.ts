/**
 * Shuts down without resetting a connection: first the balancer sends nothing new, then no new
 * connection is accepted, then the open ones are answered, and only then do the applications end.
 */

import { once } from 'node:events'
import type { Server } from 'node:http'
import { Server as NetServer } from 'node:net'
import { setImmediate as nextTurn, setTimeout as wait } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import type { Connection } from './connection.ts'
import type { Connections } from './connections.ts'
import { isHanded } from './handed-connections.ts'

/**
 * `stopping`: `/readyz` says so, since nothing takes over. `leaving`: another process serves the
 * same port.
 */
type Departure = 'stopping' | 'leaving'

const departures = new WeakMap<object, Departure>()

/** Whether each answer is the last one of its connection. @param server Node's. */
export function isDraining(server: object): boolean {
  return departures.has(server)
}

/** Whether a balancer should send nothing new. @param server Node's. */
export function isStopping(server: object): boolean {
  return departures.get(server) === 'stopping'
}

/** Every answer has `Connection: close` from now on; `shutDown` does the rest. */
export function beginDrain(app: FastifyInstance, departure: Departure): void {
  departures.set(app.server, departure)
}

const connectionsOf = new WeakMap<object, Connections>()

/** @param connections those of `server`. */
export function followConnections(server: Server, connections: Connections): void {
  connectionsOf.set(server, connections)
}

/**
 * From the signal on. After it, requests in progress are cut off, so that the remaining counts can
 * be written.
 */
const SHUTDOWN_LIMIT_MS = 25_000

/** For the connection accepted last to send a request; over TLS, after its handshake. */
const NEW_GRACE_MS = 1000

/** For a request already under way on a connection that has carried others. */
const KEPT_GRACE_MS = 250

/** A turn shorter than this had time for nothing but checking for connections. */
const QUIET_TURN_MS = 0.05

/** Applies under a load that leaves no quiet turn. */
const STOP_LISTENING_LIMIT_MS = 1000

/**
 * Answers `stopping` at `/readyz` and serves as before for `drainMs`, with `Connection: close`;
 * then stops accepting, answers the open connections, and closes.
 *
 * @param drainMs less than the 25 seconds that the whole shutdown may take.
 */
export async function shutDown(app: FastifyInstance, drainMs: number): Promise<void> {
  const { server } = app
  if (!isDraining(server)) beginDrain(app, 'stopping')
  const limit = setTimeout(() => cutOff(server, () => true), SHUTDOWN_LIMIT_MS)
  if (server.listening) {
    await wait(drainMs)
    await stopListening(server)
    await waitUntilClosed(server, graceMs(server))
    cutOff(server, isNew)
  } else if (isHanded(server)) {
    await connectionsOf.get(server)?.untilNone(graceMs(server))
    cutOff(server, isNew)
  }
  await app.close()
  clearTimeout(limit)
}

/**
 * The kernel accepts connections before Node does, and resets those still in its queue when the
 * listening socket closes. The event loop accepts one connection per turn (libuv/libuv#3696): after
 * a turn that found none the queue is empty, and if that turn was short, hardly any can have
 * arrived since.
 */
export async function stopListening(server: NetServer): Promise<void> {
  const until = performance.now() + STOP_LISTENING_LIMIT_MS
  let accepted = false
  server.on('connection', () => {
    accepted = true
  })
  // The rest of the current turn may not check at all.
  await nextTurn()
  let began: number
  let now = performance.now()
  do {
    accepted = false
    began = now
    await nextTurn()
    now = performance.now()
  } while ((accepted || now - began > QUIET_TURN_MS) && now < until)
  // Not http's own `close`, which would also cut off idle connections.
  NetServer.prototype.close.call(server)
}

/**
 * Closes a server that does not listen as Fastify closes one that does: idle connections at once,
 * the others with their answers.
 */
export async function endHanded(server: Server): Promise<void> {
  if (!isHanded(server)) return
  server.closeIdleConnections()
  await connectionsOf.get(server)?.untilNone(SHUTDOWN_LIMIT_MS)
}

/** How long connections may still send what they began to send. */
function graceMs(server: Server): number {
  return connectionsTo(server).some(isNew) ? NEW_GRACE_MS : KEPT_GRACE_MS
}

/** @returns once no connection is open, or after `withinMs`. */
async function waitUntilClosed(server: Server, withinMs: number): Promise<void> {
  await once(server, 'close', { signal: AbortSignal.timeout(withinMs) }).catch(() => {})
}

/** True before its first request: in its TLS handshake, or silent so far. */
function isNew({ ready, socket }: Connection): boolean {
  return !ready || socket.bytesRead === 0
}

function cutOff(server: Server, which: (connection: Connection) => boolean): void {
  for (const connection of connectionsTo(server)) if (which(connection)) connection.socket.destroy()
}

const connectionsTo = (server: Server): Connection[] => [
  ...(connectionsOf.get(server)?.all() ?? []),
]
