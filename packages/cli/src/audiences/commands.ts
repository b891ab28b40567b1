/** `miot audiences …`: the APIs that tokens are for. */

import { SIGNING_ALGORITHMS } from '@modulariot/oauth/protocol'
import { type Command, Option } from 'commander'
import type { Context } from '../command/context.ts'
import { wholeNumber } from '../command/option-values.ts'
import { type AudienceOptions, createAudience, listAudiences } from './audiences.ts'

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
