/** `miot secrets …` */

import type { Command } from 'commander'
import { addChoice } from '../command/choice-options.ts'
import { type ConfirmOptions, YES } from '../command/confirm.ts'
import type { Context } from '../command/context.ts'
import { CLIENT, examples } from '../command/help.ts'
import { duration } from '../command/option-values.ts'
import type { RotateManyOptions } from './rotate-many.ts'

export function addSecrets(program: Command, context: () => Context): void {
  const secrets = program
    .command('secrets')
    .description('manage the secrets of a client')
    .addHelpText(
      'after',
      examples('miot secrets list client_1a2b', 'miot secrets rotate client_1a2b --overlap 7d'),
    )
  secrets
    .command('list')
    .argument('<client>', CLIENT)
    .description('list secrets by id and label (never the secrets themselves)')
    .addHelpText('after', examples('miot secrets list client_1a2b'))
    .action(async (client: string) => (await import('./secrets.ts')).listSecrets(context(), client))
  secrets
    .command('add')
    .argument('<client>', CLIENT)
    .description('add a secret and show it once')
    .addHelpText('after', examples("miot secrets add client_1a2b --label 'spare' --expires 90d"))
    .option('--label <label>', 'what it is for', 'added')
    .option(
      '--expires <time>',
      'expires after this time, such as 24h or 90d (default: never)',
      duration,
    )
    .action(async (client: string, options: { label: string; expires?: number }) =>
      (await import('./secrets.ts')).addSecret(context(), client, options),
    )
  addChoice(secrets.command('rotate').argument('[client]', CLIENT))
    .description('create a new secret and show it once; the old ones expire after the overlap')
    .addHelpText(
      'after',
      examples(
        'miot secrets rotate client_1a2b --overlap 7d',
        'miot secrets rotate --tag north --overlap 7d --out secrets.csv',
        'miot secrets rotate --file ids.txt --overlap 7d --out secrets.ndjson --resume',
      ),
    )
    .requiredOption(
      '--overlap <time>',
      'how long the old secrets keep working: 24h, 7d, 0 (asks on a terminal)',
      duration,
    )
    .option('--label <label>', 'what it is for', 'rotated')
    .option('--out <file>', 'new file for the secrets of many clients: .csv, or NDJSON')
    .option('--resume', 'continue the --out of a run that was interrupted')
    .option(...YES)
    .action(async (client: string | undefined, options: RotateManyOptions) => {
      if (client === undefined) {
        return (await import('./rotate-many.ts')).rotateMany(context(), options)
      }
      return (await import('./secrets.ts')).rotateSecrets(context(), client, options)
    })
  secrets
    .command('revoke')
    .argument('<client>', CLIENT)
    .argument('<secret_id>')
    .description('revoke a secret immediately; asks on a terminal')
    .addHelpText('after', examples('miot secrets revoke client_1a2b secret_3c4d'))
    .option(...YES)
    .action(async (client: string, secret_id: string, options: ConfirmOptions) =>
      (await import('./secrets.ts')).revokeSecret(context(), client, secret_id, options),
    )
}
