/** A TCP proxy that makes a server distant: every byte takes half a round trip. For tests only. */

import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

export interface DistantServer {
  /** The URL with the proxy's address in it. */
  readonly url: string
  close(): void
}

/** @param url of the server, with a port. */
export async function startDistant(url: string, roundTripMs: number): Promise<DistantServer> {
  const target = new URL(url)
  const sockets = new Set<Socket>()
  const server = createServer((near) => {
    const far = connect(Number(target.port), target.hostname)
    // The handshake of TCP is a round trip, too.
    delay(near, far, roundTripMs * 1.5, roundTripMs / 2)
    delay(far, near, roundTripMs / 2, roundTripMs / 2)
    for (const socket of [near, far]) {
      sockets.add(socket)
      socket.on('error', () => undefined)
      socket.on('close', () => sockets.delete(socket))
    }
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const changed = new URL(url)
  changed.hostname = '127.0.0.1'
  changed.port = String((server.address() as AddressInfo).port)
  return {
    url: changed.href,
    close: () => {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}

/** In order, since every part of a direction takes equally long after the first. */
function delay(from: Socket, to: Socket, firstMs: number, laterMs: number): void {
  const openAt = performance.now() + firstMs - laterMs
  from.on('data', (part) => {
    const waitMs = laterMs + Math.max(0, openAt - performance.now())
    setTimeout(() => to.writable && to.write(part), waitMs)
  })
  from.on('end', () => setTimeout(() => to.end(), firstMs))
  from.on('close', () => setTimeout(() => to.destroy(), firstMs))
}
