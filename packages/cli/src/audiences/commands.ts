/** `miot audiences …`: the APIs that tokens are for. */

import { ACCESS_TOKEN_TYPES, SIGNING_ALGORITHMS } from '@modulariot/oauth/protocol'
import { type Command, Option } from 'commander'
import type { Context } from '../command/context.ts'
import { examples } from '../command/help.ts'
import { wholeNumber } from '../command/option-values.ts'
import type { AudienceOptions, AudienceUpdateOptions } from './audiences.ts'

export function addAudiences(program: Command, context: () => Context): void {
  const audiences = program
    .command('audiences')
    .description('manage audiences, the APIs that tokens are for')
    .addHelpText(
      'after',
      examples(
        'miot audiences list',
        'miot audiences create https://meters.example --scope meters:read',
      ),
    )
  audiences
    .command('create <audience>')
    .description('create an audience')
    .addHelpText(
      'after',
      examples(
        'miot audiences create https://api.example/v1/orders --scope orders:read orders:write',
      ),
    )
    .requiredOption('--scope <scope...>', 'scopes that can be granted')
    .option('--token-lifetime <seconds>', 'lifetime of its tokens', wholeNumber, 86_400)
    .addOption(
      new Option('--alg <alg>', 'algorithm that signs its tokens')
        .choices(SIGNING_ALGORITHMS)
        .default('RS256'),
    )
    .addOption(
      new Option('--typ <typ>', 'typ header of its tokens; JWT for verifiers that accept no other')
        .choices(ACCESS_TOKEN_TYPES)
        .default('at+jwt'),
    )
    .action(async (audience: string, options: AudienceOptions) =>
      (await import('./audiences.ts')).createAudience(context(), audience, options),
    )
  audiences
    .command('update <audience>')
    .description('change the rules of the tokens issued from now on; issued tokens keep theirs')
    .option('--add-scope <scope...>', 'further scopes that can be granted')
    .option('--token-lifetime <seconds>', 'lifetime of its tokens', wholeNumber)
    .addOption(new Option('--typ <typ>', 'typ header of its tokens').choices(ACCESS_TOKEN_TYPES))
    .addHelpText(
      'after',
      examples('miot audiences update https://api.example/v1/orders --token-lifetime 3600'),
    )
    .action(async (audience: string, options: AudienceUpdateOptions) =>
      (await import('./audiences.ts')).updateAudience(context(), audience, options),
    )
  audiences
    .command('list')
    .description('list audiences')
    .addHelpText('after', examples('miot audiences list'))
    .action(async () => (await import('./audiences.ts')).listAudiences(context()))
}
