/**
 * A socket beside a lock that accepts connections for as long as the lock's holder lives.
 *
 * Process ids mean nothing across containers, and a volume may be mounted in two. The kernel
 * accepts connections to a socket in the volume, from any container on this machine, and refuses
 * them once the holder is gone.
 */

import { chmodSync } from 'node:fs'
import { connect, createServer } from 'node:net'

/**
 * Starts to listen; does not keep the process alive.
 *
 * @returns a function that stops; null when there can be no such socket: the path is too long, or
 *   the file system has no sockets.
 */
export function startHeartbeat(path: string): Promise<(() => void) | null> {
  return new Promise((resolve) => {
    const server = createServer((socket) => socket.destroy())
    server.once('error', () => resolve(null))
    server.listen(path, () => {
      chmodSync(path, 0o600)
      server.unref()
      server.on('error', () => {})
      resolve(() => server.close())
    })
  })
}

/** Whether the holder is alive. A stopped process (SIGSTOP) counts as alive. */
export function isAlive(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path)
    const found = (answer: boolean) => {
      socket.destroy()
      resolve(answer)
    }
    socket.once('connect', () => found(true))
    // Every other error says nothing about the holder, and two writers would be worse than none.
    socket.once('error', (error: NodeJS.ErrnoException) =>
      found(error.code !== 'ECONNREFUSED' && error.code !== 'ENOENT'),
    )
  })
}
