/** `miot serve` */

import type { Context } from '../context.ts'
import { serve } from '../serve.ts'
import { welcome } from '../welcome.ts'

/** Past this, connections that still hang are cut. */
const SHUTDOWN_LIMIT_MS = 30_000

export async function serveCommand(context: Context): Promise<void> {
  const config = context.config()
  const running = await serve(config)
  process.stdout.write(welcome(config, running, Date.now()))
  await new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => resolve())
  })
  setTimeout(() => process.exit(1), SHUTDOWN_LIMIT_MS).unref()
  await running.stop()
}
