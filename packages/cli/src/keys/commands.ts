/** `miot keys …`: the keys that sign tokens, and the key that seals them. */

import { SIGNING_ALGORITHMS } from '@modulariot/oauth/protocol'
import { type Command, Option } from 'commander'
import { YES } from '../command/confirm.ts'
import type { Context } from '../command/context.ts'
import { examples } from '../command/help.ts'
import type { RotateOptions } from './keys.ts'

export function addKeys(program: Command, context: () => Context): void {
  const keys = program
    .command('keys')
    .description('manage the keys that sign tokens, and the encryption key')
    .addHelpText('after', examples('miot keys list', 'miot keys rotate'))
  keys
    .command('list')
    .description('list next, active and retired keys (never the private keys)')
    .addHelpText('after', examples('miot keys list'))
    .action(async () => (await import('./keys.ts')).showKeys(context()))
  keys
    .command('rotate')
    .description('switch to the next key as soon as every verifier can have fetched it')
    .addHelpText('after', examples('miot keys rotate --alg RS256', 'miot keys rotate --now'))
    .addOption(
      new Option('--alg <alg>', 'only this algorithm (default: all in use)').choices(
        SIGNING_ALGORITHMS,
      ),
    )
    .option(
      '--now',
      'emergency: replace the keys now, which revokes all tokens signed so far; asks on a terminal',
    )
    .option(...YES)
    .action(async (options: RotateOptions) =>
      (await import('./keys.ts')).rotateSigningKeys(context(), options),
    )
  keys
    .command('reseal')
    .description(
      'change the encryption key; run again, it lists what is still under the former one',
    )
    .addHelpText(
      'after',
      examples(
        'openssl rand -hex 32 > new.key && chmod 600 new.key',
        'miot keys reseal --new-key-file new.key',
        'miot keys reseal --new-key-file new.key --json',
      ),
    )
    .option(
      '--new-key-file <file>',
      'the new key; set MIOT_NEW_ENCRYPTION_KEY_FILE to it on every instance first (default: the key of MIOT_NEW_ENCRYPTION_KEY or MIOT_NEW_ENCRYPTION_KEY_COMMAND)',
    )
    .action(async (options: { newKeyFile?: string }) =>
      (await import('./reseal.ts')).reseal(context(), options),
    )
}
