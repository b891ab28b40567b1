/** `miot audit …`: the audit trail. */

import type { AuditHead } from '@modulariot/auth'
import { type Command, InvalidArgumentError } from 'commander'
import { YES } from '../command/confirm.ts'
import type { Context } from '../command/context.ts'
import { examples } from '../command/help.ts'
import { positiveNumber, wholeNumber } from '../command/option-values.ts'
import type { AuditRetentionOptions } from './trail-retention.ts'
import type { VerifyOptions } from './verify-audit.ts'

export function addAudit(program: Command, context: () => Context): void {
  const audit = program
    .command('audit')
    .description('read and verify the audit trail')
    .addHelpText('after', examples('miot audit list --limit 20', 'miot audit verify'))
  audit
    .command('list')
    .description('list the newest entries')
    .addHelpText(
      'after',
      examples(
        'miot audit list --target client_1a2b',
        'miot audit list --action secret.added --limit 200 --json',
      ),
    )
    .option('--limit <n>', 'maximum number of entries', wholeNumber, 50)
    .option('--target <id>', 'only entries about this client, audience or organization')
    .option('--action <action>', 'only entries with this action, such as secret.added')
    .action(async (options: { limit: number; target?: string; action?: string }) =>
      (await import('./list-audit.ts')).listAudit(context(), options),
    )
  audit
    .command('verify')
    .description('check that no entry was changed, removed or reordered')
    .addHelpText(
      'after',
      examples('miot audit verify', 'miot audit verify --checkpoint /mnt/worm/checkpoints.txt'),
    )
    .option(
      '--head <seq:hash>',
      'head printed by an earlier run: also checks that no later entry was removed',
      parseHead,
    )
    .option(
      '--checkpoint <checkpoint...>',
      'checkpoints, or files of checkpoints (default: those in the data directory)',
    )
    .action(async (options: VerifyOptions) =>
      (await import('./verify-audit.ts')).verifyAudit(context(), options),
    )
  audit
    .command('checkpoint')
    .description('sign the newest entry; keep the result where database users cannot change it')
    .addHelpText('after', examples('miot audit checkpoint --out /mnt/worm/checkpoints.txt'))
    .option('--out <file>', 'append the checkpoint to this file')
    .action(async (options: { out?: string }) =>
      (await import('./take-checkpoint.ts')).printCheckpoint(context(), options),
    )
  audit
    .command('retention')
    .description('show how long entries are kept (MIOT_AUDIT_RETENTION_DAYS), or remove old ones')
    .addHelpText('after', examples('miot audit retention', 'miot audit retention --days 400'))
    .option(
      '--days <days>',
      'remove older entries now; a signed checkpoint replaces them; asks on a terminal',
      positiveNumber,
    )
    .option(...YES)
    .action(async (options: AuditRetentionOptions) =>
      (await import('./trail-retention.ts')).auditRetention(context(), options),
    )
}

function parseHead(text: string): AuditHead {
  const match = /^([1-9]\d{0,14}):([0-9a-f]{64})$/.exec(text)
  if (match === null)
    throw new InvalidArgumentError('Use the value that miot audit verify printed.')
  return { seq: Number(match[1]), hash: match[2] as string }
}
