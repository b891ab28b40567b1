/** `miot orgs …`: the owners of clients and data. */

import type { Command } from 'commander'
import type { Context } from '../command/context.ts'
import { positiveNumber } from '../command/option-values.ts'
import { createOrg, listOrgs } from './organizations.ts'
import { type RetentionOptions, retention } from './telemetry-retention.ts'

export function addOrganizations(program: Command, context: () => Context): void {
  const orgs = program
    .command('orgs')
    .description('manage organizations, the owners of clients and data')
  orgs
    .command('create')
    .description('create an organization')
    .requiredOption('--name <name>', 'display name')
    .action(({ name }: { name: string }) => createOrg(context(), name))
  orgs
    .command('list')
    .description('list organizations')
    .action(() => listOrgs(context()))
  orgs
    .command('retention <org_id>')
    .description('show or set how long its telemetry is kept')
    .option(
      '--days <days>',
      'keep this many days; older data is removed within hours',
      positiveNumber,
    )
    .option('--default', 'use MIOT_RETENTION_DAYS again')
    .action((org_id: string, options: RetentionOptions) => retention(context(), org_id, options))
}
