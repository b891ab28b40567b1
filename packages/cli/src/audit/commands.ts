/** `miot audit …`: who did what. */

import type { AuditHead } from '@modulariot/auth'
import { type Command, InvalidArgumentError } from 'commander'
import type { Context } from '../command/context.ts'
import { positiveNumber, wholeNumber } from '../command/option-values.ts'
import { listAudit } from './list-audit.ts'
import { printCheckpoint } from './take-checkpoint.ts'
import { auditRetention } from './trail-retention.ts'
import { type VerifyOptions, verifyAudit } from './verify-audit.ts'

export function addAudit(program: Command, context: () => Context): void {
  const audit = program.command('audit').description('who did what')
  audit
    .command('list')
    .description('the newest entries')
    .option('--limit <n>', 'how many', wholeNumber, 50)
    .option('--target <id>', 'about this client, audience or organization')
    .option('--action <action>', 'such as secret.added')
    .action((options: { limit: number; target?: string; action?: string }) =>
      listAudit(context(), options),
    )
  audit
    .command('verify')
    .description('check that no entry was changed, removed or moved, nor the whole trail rewritten')
    .option('--head <seq:hash>', 'a head saved earlier, to prove none was cut off', parseHead)
    .option(
      '--checkpoint <checkpoint...>',
      'checkpoints kept elsewhere, or files of them (default: those in the data directory)',
    )
    .action((options: VerifyOptions) => verifyAudit(context(), options))
  audit
    .command('checkpoint')
    .description('sign the newest entry, to keep where writers of the database cannot reach it')
    .option('--out <file>', 'append it to this file')
    .action((options: { out?: string }) => printCheckpoint(context(), options))
  audit
    .command('retention')
    .description('show how much of the trail is kept (MIOT_AUDIT_RETENTION_DAYS), or cut it')
    .option('--days <days>', 'cut older entries now; a signed checkpoint stays', positiveNumber)
    .action((options: { days?: number }) => auditRetention(context(), options))
}

function parseHead(text: string): AuditHead {
  const match = /^([1-9]\d{0,14}):([0-9a-f]{64})$/.exec(text)
  if (match === null) throw new InvalidArgumentError('It must be as audit verify printed it.')
  return { seq: Number(match[1]), hash: match[2] as string }
}
