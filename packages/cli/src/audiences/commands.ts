/** `miot audiences …`: the APIs that tokens are for. */

import { ACCESS_TOKEN_TYPES, SIGNING_ALGORITHMS } from '@modulariot/oauth/protocol'
import { type Command, Option } from 'commander'
import type { Context } from '../command/context.ts'
import { wholeNumber } from '../command/option-values.ts'
import { type AudienceOptions, createAudience, listAudiences } from './audiences.ts'

export function addAudiences(program: Command, context: () => Context): void {
  const audiences = program
    .command('audiences')
    .description('manage audiences, the APIs that tokens are for')
  audiences
    .command('create <audience>')
    .description('create an audience')
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
    .action((audience: string, options: AudienceOptions) =>
      createAudience(context(), audience, options),
    )
  audiences
    .command('list')
    .description('list audiences')
    .action(() => listAudiences(context()))
}
