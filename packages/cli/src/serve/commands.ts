/** `miot serve|health` */

import type { Command } from 'commander'
import type { Context } from '../command/context.ts'
import { examples } from '../command/help.ts'
import { workers } from '../command/option-values.ts'
import type { Environment } from '../config/read-settings.ts'
import { handedSocket } from './handed-socket.ts'

/** @param env may name a socket passed by a supervisor. */
export function addServe(program: Command, context: () => Context, env: Environment): void {
  program
    .command('serve')
    .description('run ModularIoT Auth and ModularIoT API')
    .option('--workers <number>', 'equal processes, or auto: one for each core', workers)
    .addHelpText(
      'after',
      examples(
        'miot serve',
        'miot serve --workers auto',
        'MIOT_DATA_DIR=/var/lib/miot MIOT_PORT=8080 miot serve',
      ),
    )
    .action(async (options: { workers?: number }) =>
      (await import('./serve.ts')).serve(context(), handedSocket(env, process.pid), options),
    )
}

export function addHealth(program: Command, context: () => Context): void {
  program
    .command('health')
    .description('check that the server answers on this machine (exit status 1 when it does not)')
    .addHelpText('after', examples('miot health'))
    .action(async () => (await import('./health.ts')).health(context()))
}
