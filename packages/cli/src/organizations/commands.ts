/** `miot orgs …`: the owners of clients and data. */

import type { Command } from 'commander'
import { YES } from '../command/confirm.ts'
import type { Context } from '../command/context.ts'
import { examples } from '../command/help.ts'
import { positiveNumber } from '../command/option-values.ts'
import type { RetentionOptions } from './telemetry-retention.ts'

export function addOrganizations(program: Command, context: () => Context): void {
  const orgs = program
    .command('orgs')
    .description('manage organizations, the owners of clients and data')
    .addHelpText('after', examples('miot orgs list', 'miot orgs retention org_1a2b --days 90'))
  orgs
    .command('create')
    .description('create an organization')
    .addHelpText('after', examples("miot orgs create --name 'Acme Mining'"))
    .requiredOption('--name <name>', 'display name')
    .action(async ({ name }: { name: string }) =>
      (await import('./organizations.ts')).createOrg(context(), name),
    )
  orgs
    .command('list')
    .description('list organizations')
    .addHelpText('after', examples('miot orgs list'))
    .action(async () => (await import('./organizations.ts')).listOrgs(context()))
  orgs
    .command('rename <org_id> <name>')
    .description('give it another name; its id stays')
    .addHelpText('after', examples("miot orgs rename org_1a2b 'Acme Mining'"))
    .action(async (org_id: string, name: string) =>
      (await import('./organizations.ts')).renameOrg(context(), org_id, name),
    )
  orgs
    .command('members <org_id>')
    .description('list its members and their roles')
    .addHelpText('after', examples('miot orgs members org_1a2b'))
    .action(async (org_id: string) =>
      (await import('./organizations.ts')).listMembersOf(context(), org_id),
    )
  orgs
    .command('retention <org_id>')
    .description('show or set how long its telemetry is kept')
    .addHelpText(
      'after',
      examples('miot orgs retention org_1a2b', 'miot orgs retention org_1a2b --days 90'),
    )
    .option(
      '--days <days>',
      'keep this many days; older data is removed within hours; asks on a terminal',
      positiveNumber,
    )
    .option('--default', 'use MIOT_RETENTION_DAYS again')
    .option(...YES)
    .action(async (org_id: string, options: RetentionOptions) =>
      (await import('./telemetry-retention.ts')).retention(context(), org_id, options),
    )
}
