/** `miot doctor` */

import type { Command } from 'commander'
import type { Context } from '../command/context.ts'
import { doctor } from './doctor.ts'

export function addDoctor(program: Command, context: () => Context): void {
  program
    .command('doctor')
    .description('check this installation (exit status 7 when a check fails)')
    .action(() => doctor(context()))
}
