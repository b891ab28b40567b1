/** `miot compact` */

import type { Command } from 'commander'
import type { Context } from '../command/context.ts'
import { examples } from '../command/help.ts'

export function addCompact(program: Command, context: () => Context): void {
  program
    .command('compact')
    .description('remove what erased telemetry has left in the files; writes wait while it runs')
    .addHelpText('after', examples('miot compact'))
    .action(async () => (await import('./compact.ts')).compact(context()))
}
