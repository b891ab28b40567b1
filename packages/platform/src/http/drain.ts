/**
 * Leaving without a reset: first nobody new is sent here, then nobody new is accepted, then whoever
 * is connected is answered, and only then do the applications end.
 */

import { once } from 'node:events'
import { Server as NetServer, type Server } from 'node:net'
import { setImmediate as nextTurn, setTimeout as wait } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import type { Connection } from './connection.ts'
import type { Connections } from './connections.ts'

const draining = new WeakSet<object>()

/** @param server Node's. */
export function isDraining(server: object): boolean {
  return draining.has(server)
}

const connectionsOf = new WeakMap<object, Connections>()

/** @param connections those of `server`. */
export function followConnections(server: Server, connections: Connections): void {
  connectionsOf.set(server, connections)
}

/**
 * Since the signal. Past it, requests under way are cut off, so that what was counted can be
 * written.
 */
const LEAVE_LIMIT_MS = 25_000

/** For whoever was accepted last to send a request; over TLS after its handshake. */
const NEW_GRACE_MS = 1000

/** For a request that is on its way over a connection which has brought others. */
const KEPT_GRACE_MS = 250

/** A shorter turn has done nothing worth mentioning since it looked for connections. */
const QUIET_TURN_MS = 0.05

/** Under a load that leaves no quiet turn. */
const STOP_LISTENING_LIMIT_MS = 1000

/**
 * Says `stopping` at `/readyz` and answers as before for `drainMs`, with `Connection: close`; then
 * accepts nothing more, answers whoever is connected, and closes.
 *
 * @param drainMs less than the 25 seconds that all of it takes at most.
 */
export async function shutDown(app: FastifyInstance, drainMs: number): Promise<void> {
  const { server } = app
  draining.add(server)
  const limit = setTimeout(() => cutOff(server, () => true), LEAVE_LIMIT_MS)
  if (server.listening) {
    await wait(drainMs)
    await stopListening(server)
    await allGone(server, connectionsTo(server).some(isNew) ? NEW_GRACE_MS : KEPT_GRACE_MS)
    cutOff(server, isNew)
  }
  await app.close()
  clearTimeout(limit)
}

/**
 * The kernel accepts before we do, and resets what we have not taken when the listening socket
 * closes. The event loop takes one connection a turn (libuv/libuv#3696): after a turn that found
 * none nobody waits, and if that turn was short, hardly anybody can have come since.
 */
async function stopListening(server: Server): Promise<void> {
  const until = performance.now() + STOP_LISTENING_LIMIT_MS
  let taken = false
  server.on('connection', () => {
    taken = true
  })
  // What is left of the turn we are in may not look at all.
  await nextTurn()
  let began: number
  let now = performance.now()
  do {
    taken = false
    began = now
    await nextTurn()
    now = performance.now()
  } while ((taken || now - began > QUIET_TURN_MS) && now < until)
  // Not http's own, which would also cut off connections that are idle.
  NetServer.prototype.close.call(server)
}

/** @returns once nobody is connected any more, or after `withinMs`. */
async function allGone(server: Server, withinMs: number): Promise<void> {
  await once(server, 'close', { signal: AbortSignal.timeout(withinMs) }).catch(() => {})
}

/** It has sent no request yet: it is in its TLS handshake, or has sent nothing at all. */
function isNew({ ready, socket }: Connection): boolean {
  return !ready || socket.bytesRead === 0
}

function cutOff(server: Server, which: (connection: Connection) => boolean): void {
  for (const connection of connectionsTo(server)) if (which(connection)) connection.socket.destroy()
}

const connectionsTo = (server: Server): Connection[] => [
  ...(connectionsOf.get(server)?.all() ?? []),
]
