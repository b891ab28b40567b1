/** `miot serve` */

import type { Context } from '../command/context.ts'
import { printable } from '../terminal/terminal-text.ts'
import { letHeapGrow } from './heap-growth.ts'
import { welcome } from './start-message.ts'
import { serve } from './start-servers.ts'

/** Past this, whatever still hangs is left behind. */
const SHUTDOWN_LIMIT_MS = 30_000

/** @param socket the descriptor of one that was handed over, or null. */
export async function serveCommand(context: Context, socket: number | null): Promise<void> {
  letHeapGrow()
  const config = context.config()
  const running = await serve(config, socket)
  // Before it says that it serves: a supervisor may stop it in the same instant.
  const told = new Promise<string>((resolve) => {
    for (const name of ['SIGINT', 'SIGTERM']) process.once(name, resolve)
  })
  process.stdout.write(printable(welcome(config, running, Date.now())))
  const signal = await told
  setTimeout(() => process.exit(1), SHUTDOWN_LIMIT_MS).unref()
  // Whoever presses Ctrl-C has no balancer in front.
  await running.stop(signal === 'SIGINT' ? 0 : config.drainSeconds * 1000)
}
