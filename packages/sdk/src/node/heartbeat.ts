/**
 * A socket beside a lock that answers for as long as its holder lives.
 *
 * Process ids mean nothing across containers, and a volume may be in two. A socket in the volume is
 * answered by the kernel, for processes of any container on this machine, and by nobody once the
 * holder is gone.
 */

import { chmodSync } from 'node:fs'
import { connect, createServer } from 'node:net'

/**
 * Begins to answer; does not keep the process alive.
 *
 * @returns how to stop; null where there can be no such socket: the path too long, the file system
 *   without.
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

/** Whether somebody answers there. A process that was stopped and not ended does, too. */
export function isAlive(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path)
    const found = (answer: boolean) => {
      socket.destroy()
      resolve(answer)
    }
    socket.once('connect', () => found(true))
    // Everything but these two says nothing about the holder, and two writers would be worse than
    // none.
    socket.once('error', (error: NodeJS.ErrnoException) =>
      found(error.code !== 'ECONNREFUSED' && error.code !== 'ENOENT'),
    )
  })
}
