/** `miot doctor` */

import type { Command } from 'commander'
import type { Context } from '../command/context.ts'
import { examples } from '../command/help.ts'
import type { DoctorOptions } from './doctor.ts'

export function addDoctor(program: Command, context: () => Context): void {
  program
    .command('doctor')
    .description('check this installation, or the server of --url (exit status 7 for a fault)')
    .addHelpText(
      'after',
      examples(
        'miot doctor',
        'miot doctor --backup /backup --json',
        'miot --url https://auth.example.com doctor',
      ),
    )
    .option('--backup <directory>', 'check this backup, too, or each in this directory')
    .action(async (options: DoctorOptions) =>
      (await import('./doctor.ts')).doctor(context(), options),
    )
}
