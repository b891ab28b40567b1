/** `miot migrate` and `miot copy`, which work on whole databases. */

import type { Command } from 'commander'
import type { Context } from '../command/context.ts'
import { examples } from '../command/help.ts'
import { type Database, parseDatabaseUrl } from '../config/database.ts'
import { CliError } from '../errors/cli-error.ts'

export function addStores(program: Command, context: () => Context): void {
  program
    .command('migrate')
    .description('update the database schema to this version (miot serve does this too)')
    .addHelpText('after', examples('miot migrate'))
    .action(async () => (await import('./migrate.ts')).migrate(context()))
  program
    .command('copy')
    .description('copy all data to an empty database; stop every server first')
    .addHelpText(
      'after',
      examples('miot copy --from sqlite:./data --to postgres://miot@db.example/miot'),
    )
    .option('--from <url>', 'sqlite:<directory> or postgres://… (default: MIOT_DATABASE_URL)')
    .option('--to <url>', 'as --from; other users can see a password in the process list')
    .action(async (options: { from?: string; to?: string }) =>
      (await import('./copy.ts')).copy(context(), {
        from: databaseOption('--from', options.from),
        to: databaseOption('--to', options.to),
      }),
    )
}

/** Not a Commander argument parser: its error message would repeat the URL and its password. */
function databaseOption(name: string, text: string | undefined): Database | undefined {
  try {
    return text === undefined ? undefined : parseDatabaseUrl(text)
  } catch (error) {
    throw new CliError('usage', `${name} ${(error as Error).message}`)
  }
}
