/** Serves connections that another process accepted, in place of listening. */

import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'

const serving = new WeakSet<object>()

/** Whether the server gets its connections from another process. @param server Node's. */
export function isHanded(server: object): boolean {
  return serving.has(server)
}

/** @returns a function that takes a connection of which nothing was read yet. */
export async function serveHanded(app: FastifyInstance): Promise<(socket: Socket) => void> {
  await app.ready()
  const server = app.server as Server & { readonly allowHalfOpen: boolean }
  serving.add(server)
  // Node starts the timer for its timeouts of requests when a server listens.
  server.emit('listening')
  return (socket) => {
    socket.allowHalfOpen = server.allowHalfOpen
    server.emit('connection', socket)
  }
}
