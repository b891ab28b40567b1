/** `miot migrate`, `miot copy`: the databases themselves. */

import type { Command } from 'commander'
import type { Context } from '../command/context.ts'
import { type Database, parseDatabaseUrl } from '../config/database.ts'
import { CliError } from '../errors/cli-error.ts'
import { copy } from './copy.ts'
import { migrate } from './migrate.ts'

export function addStores(program: Command, context: () => Context): void {
  program
    .command('migrate')
    .description('update the database schema to this version (miot serve does this too)')
    .action(() => migrate(context()))
  program
    .command('copy')
    .description('copy all data to an empty database; stop every server first')
    .option('--from <url>', 'sqlite:<directory> or postgres://… (default: MIOT_DATABASE_URL)')
    .option('--to <url>', 'as --from; other users can see a password in the process list')
    .action((options: { from?: string; to?: string }) =>
      copy(context(), {
        from: place('--from', options.from),
        to: place('--to', options.to),
      }),
    )
}

/** Not an argument parser of Commander's, whose complaint repeats the text. */
function place(name: string, text: string | undefined): Database | undefined {
  try {
    return text === undefined ? undefined : parseDatabaseUrl(text)
  } catch (error) {
    throw new CliError('usage', `${name} ${(error as Error).message}`)
  }
}
