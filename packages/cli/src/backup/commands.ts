/** `miot backup` and `miot restore`. */

import type { Command } from 'commander'
import type { Context } from '../command/context.ts'
import { examples } from '../command/help.ts'
import { versionText } from '../command/version.ts'
import type { Environment } from '../config/read-settings.ts'

/** @param env for the programs of PostgreSQL. */
export function addBackup(program: Command, context: () => Context, env: Environment): void {
  program
    .command('backup <directory>')
    .description('write a backup to a new directory; the server may run')
    .addHelpText('after', examples('miot backup /backup/modulariot-2026-05-01'))
    .option('--without-key', 'leave out encryption.key and quickstart.env; keep them elsewhere')
    .action(async (directory: string, options: { withoutKey?: true }) =>
      (await import('./backup.ts')).backup(context(), env, {
        directory,
        withoutKey: options.withoutKey === true,
        program: versionText(),
      }),
    )
  program
    .command('restore <directory>')
    .description('restore a backup into an empty MIOT_DATA_DIR, and check it')
    .addHelpText('after', examples('miot restore /backup/modulariot-2026-05-01'))
    .action(async (directory: string) =>
      (await import('./restore.ts')).restore(context(), env, directory),
    )
}
