/** `miot serve`: runs the servers until a signal ends them. */

import type { Context } from '../command/context.ts'
import { printable } from '../terminal/terminal-text.ts'
import { letHeapGrow } from './heap-growth.ts'
import { startMessage } from './start-message.ts'
import { startServers } from './start-servers.ts'

/** Past this, whatever still hangs is left behind. */
const SHUTDOWN_LIMIT_MS = 30_000

/** @param socket the descriptor of one that was handed over, or null. */
export async function serve(context: Context, socket: number | null): Promise<void> {
  letHeapGrow()
  const config = context.config()
  const running = await startServers(config, socket)
  // Before it says that it serves: a supervisor may stop it in the same instant.
  const told = new Promise<string>((resolve) => {
    for (const name of ['SIGINT', 'SIGTERM']) process.once(name, resolve)
  })
  process.stdout.write(printable(startMessage(config, running, Date.now())))
  const signal = await told
  setTimeout(() => process.exit(1), SHUTDOWN_LIMIT_MS).unref()
  // Whoever presses Ctrl-C has no balancer in front.
  await running.stop(signal === 'SIGINT' ? 0 : config.drainSeconds * 1000)
}
