/** Waits for a program of others that does not say when it is ready. */

import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/**
 * Resolves once the port of this machine accepts connections.
 *
 * @throws Error when the program has exited, or does not listen in time.
 */
export async function untilItListens(
  child: ChildProcess,
  port: number,
  withinMs: number,
): Promise<void> {
  const deadline = performance.now() + withinMs
  for (;;) {
    if (child.exitCode !== null) throw new Error(`${child.spawnfile} exited (${child.exitCode})`)
    if (performance.now() > deadline) throw new Error(`${child.spawnfile} does not listen`)
    const socket = connect(port, '127.0.0.1')
    const listens = await once(socket, 'connect').then(
      () => true,
      () => false,
    )
    socket.destroy()
    if (listens) return
    await sleep(20)
  }
}
