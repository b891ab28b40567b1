/** `miot keys …`: the keys that sign tokens. */

import { SIGNING_ALGORITHMS } from '@modulariot/oauth/protocol'
import { type Command, Option } from 'commander'
import type { Context } from '../command/context.ts'
import { type RotateOptions, rotateSigningKeys, showKeys } from './keys.ts'

export function addKeys(program: Command, context: () => Context): void {
  const keys = program.command('keys').description('manage the keys that sign tokens')
  keys
    .command('list')
    .description('list next, active and retired keys (never the private keys)')
    .action(() => showKeys(context()))
  keys
    .command('rotate')
    .description('switch to the next key as soon as every verifier can have fetched it')
    .addOption(
      new Option('--alg <alg>', 'only this algorithm (default: all in use)').choices(
        SIGNING_ALGORITHMS,
      ),
    )
    .option('--now', 'emergency: replace the keys now, which revokes all tokens signed so far')
    .action((options: RotateOptions) => rotateSigningKeys(context(), options))
}
