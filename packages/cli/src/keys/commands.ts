/** `miot keys …`: the keys that tokens are signed with. */

import { SIGNING_ALGORITHMS } from '@modulariot/oauth/protocol'
import { type Command, Option } from 'commander'
import type { Context } from '../command/context.ts'
import { type RotateOptions, rotate, showKeys } from './keys.ts'

export function addKeys(program: Command, context: () => Context): void {
  const keys = program.command('keys').description('the keys that tokens are signed with')
  keys
    .command('list')
    .description('next, active and retired keys (never their private halves)')
    .action(() => showKeys(context()))
  keys
    .command('rotate')
    .description('switch to the next key, once every verifier can have fetched it')
    .addOption(
      new Option('--alg <alg>', 'of this algorithm only (default: all in use)').choices(
        SIGNING_ALGORITHMS,
      ),
    )
    .option('--now', 'in an emergency: revoke every token signed until now')
    .action((options: RotateOptions) => rotate(context(), options))
}
