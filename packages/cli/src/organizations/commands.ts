/** `miot orgs …`, `miot audiences …`, `miot audit …`: the installation as a whole. */

import type { AuditHead } from '@modulariot/auth'
import { SIGNING_ALGORITHMS } from '@modulariot/oauth/protocol'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { listAudit } from '../audit/list-audit.ts'
import { auditRetention, printCheckpoint } from '../audit/take-checkpoint.ts'
import { type VerifyOptions, verifyAudit } from '../audit/verify-audit.ts'
import type { Context } from '../command/context.ts'
import { positiveNumber, wholeNumber } from '../command/option-values.ts'
import { type RotateOptions, rotate, showKeys } from '../keys/keys.ts'
import {
  type AudienceOptions,
  createAudience,
  createOrg,
  listAudiences,
  listOrgs,
} from './organizations.ts'
import { type RetentionOptions, retention } from './telemetry-retention.ts'

export function addOrganizations(program: Command, context: () => Context): void {
  const orgs = program.command('orgs').description('the owners of clients and data')
  orgs
    .command('create')
    .description('one more organization')
    .requiredOption('--name <name>', 'what people call it')
    .action(({ name }: { name: string }) => createOrg(context(), name))
  orgs
    .command('list')
    .description('all organizations')
    .action(() => listOrgs(context()))
  orgs
    .command('retention <org_id>')
    .description('for how long its telemetry is kept; sets it, too')
    .option('--days <days>', 'what is older goes within the next hours', positiveNumber)
    .option('--default', 'as long as MIOT_RETENTION_DAYS says')
    .action((org_id: string, options: RetentionOptions) => retention(context(), org_id, options))
}

export function addAudiences(program: Command, context: () => Context): void {
  const audiences = program.command('audiences').description('the APIs that tokens are for')
  audiences
    .command('create <audience>')
    .description('one more API')
    .requiredOption('--scope <scope...>', 'what may be granted there')
    .option('--token-lifetime <seconds>', 'how long its tokens live', wholeNumber, 86_400)
    .addOption(
      new Option('--alg <alg>', 'how its tokens are signed')
        .choices(SIGNING_ALGORITHMS)
        .default('RS256'),
    )
    .action((audience: string, options: AudienceOptions) =>
      createAudience(context(), audience, options),
    )
  audiences
    .command('list')
    .description('all audiences')
    .action(() => listAudiences(context()))
}

export function addKeys(program: Command, context: () => Context): void {
  const keys = program.command('keys').description('the keys that tokens are signed with')
  keys
    .command('list')
    .description('next, active and retired keys (never their private halves)')
    .action(() => showKeys(context()))
  keys
    .command('rotate')
    .description('let the next key take over, once every verifier can have fetched it')
    .addOption(
      new Option('--alg <alg>', 'of this algorithm only (default: all in use)').choices(
        SIGNING_ALGORITHMS,
      ),
    )
    .option('--now', 'in an emergency: every token signed until now dies at once')
    .action((options: RotateOptions) => rotate(context(), options))
}

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
    .description('the newest entry, signed, to keep where the database cannot be changed from')
    .option('--out <file>', 'append it to this file')
    .action((options: { out?: string }) => printCheckpoint(context(), options))
  audit
    .command('retention')
    .description('how much of the trail is kept (MIOT_AUDIT_RETENTION_DAYS); cuts it, too')
    .option('--days <days>', 'cut what is older, now; a signed checkpoint stays', positiveNumber)
    .action((options: { days?: number }) => auditRetention(context(), options))
}

function parseHead(text: string): AuditHead {
  const match = /^([1-9]\d{0,14}):([0-9a-f]{64})$/.exec(text)
  if (match === null) throw new InvalidArgumentError('It must be as audit verify printed it.')
  return { seq: Number(match[1]), hash: match[2] as string }
}
