/** `miot serve`: runs the servers until a signal stops them. */

import type { Context } from '../command/context.ts'
import { type ConfigWithKeys, withKeys } from '../installation/given-keys.ts'
import { printable } from '../terminal/terminal-text.ts'
import { letHeapGrow } from './heap-growth.ts'
import { alone } from './place.ts'
import { startMessage } from './start-message.ts'

/** After this time the process exits, whatever is still open. */
const SHUTDOWN_LIMIT_MS = 30_000

/**
 * @param socket descriptor of a socket passed by a supervisor, or null.
 * @param options `workers`: instead of those in the settings.
 */
export async function serve(
  context: Context,
  socket: number | null,
  options: { readonly workers?: number },
): Promise<void> {
  const config = await withKeys(context.config())
  const count = options.workers ?? config.workers
  if (count === 1) return serveAlone(config, socket)
  const { supervise } = await import('./supervisor.ts')
  return supervise(context, config, socket, count)
}

/** One process, without a supervisor. */
async function serveAlone(config: ConfigWithKeys, socket: number | null): Promise<void> {
  letHeapGrow('start')
  const { startServers } = await import('./start-servers.ts')
  const running = await startServers(config, alone(config, socket))
  // Registered before the start message: a supervisor may stop the server right after it.
  // One Ctrl-C arrives twice below npm, whose script passes it on: a second one must not kill.
  const signalled = new Promise<string>((resolve) => {
    for (const name of ['SIGINT', 'SIGTERM']) process.on(name, resolve)
  })
  process.stdout.write(printable(startMessage(config, running, Date.now())))
  letHeapGrow('serving')
  const signal = await signalled
  setTimeout(() => process.exit(1), SHUTDOWN_LIMIT_MS).unref()
  // Ctrl-C means a terminal, without a load balancer that has to notice first.
  await running.stop(signal === 'SIGINT' ? 0 : config.drainSeconds * 1000)
}
