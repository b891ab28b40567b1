/** `miot serve`: runs the servers until a signal stops them. */

import type { Context } from '../command/context.ts'
import { withKeys } from '../installation/given-keys.ts'
import { printable } from '../terminal/terminal-text.ts'
import { letHeapGrow } from './heap-growth.ts'
import { startMessage } from './start-message.ts'
import { startServers } from './start-servers.ts'

/** After this time the process exits, whatever is still open. */
const SHUTDOWN_LIMIT_MS = 30_000

/** @param socket descriptor of a socket passed by a supervisor, or null. */
export async function serve(context: Context, socket: number | null): Promise<void> {
  letHeapGrow()
  const config = await withKeys(context.config())
  const running = await startServers(config, socket)
  // Registered before the start message: a supervisor may stop the server right after it.
  // One Ctrl-C arrives twice below npm, whose script passes it on: a second one must not kill.
  const signalled = new Promise<string>((resolve) => {
    for (const name of ['SIGINT', 'SIGTERM']) process.on(name, resolve)
  })
  process.stdout.write(printable(startMessage(config, running, Date.now())))
  const signal = await signalled
  setTimeout(() => process.exit(1), SHUTDOWN_LIMIT_MS).unref()
  // Ctrl-C means a terminal, without a load balancer that has to notice first.
  await running.stop(signal === 'SIGINT' ? 0 : config.drainSeconds * 1000)
}
