/** `miot serve` */

import type { Command } from 'commander'
import type { Context } from '../command/context.ts'
import type { Environment } from '../config/read-settings.ts'
import { handedSocket } from './handed-socket.ts'
import { serve } from './serve.ts'

/** @param env may name a socket passed by a supervisor. */
export function addServe(program: Command, context: () => Context, env: Environment): void {
  program
    .command('serve')
    .description('run ModularIoT Auth and ModularIoT API in one process')
    .action(() => serve(context(), handedSocket(env, process.pid)))
}
