/** `miot token …`: what a client does with its tokens, and what an API would say of them. */

import type { Command } from 'commander'
import { addClientOptions } from '../command/client-options.ts'
import type { Context } from '../command/context.ts'
import { readStdin, serverUrl } from '../command/option-values.ts'
import {
  getToken,
  inspectToken,
  revokeToken,
  type TokenOptions,
  type VerifyOptions,
  verifyToken,
} from './token.ts'

export function addToken(program: Command, context: () => Context): void {
  const token = program.command('token').description('get, end and look at access tokens')
  addClientOptions(token.command('get'))
    .description('get a token (credentials from MIOT_* settings or quickstart.env)')
    .option('--scope <scope>', 'ask for these scopes only, separated by spaces')
    .option('--raw', 'print the token alone')
    .action((options: TokenOptions) => getToken(context(), options))
  token
    .command('revoke [token]')
    .description('end a token of this client’s own (from stdin when left out)')
    .option('--client-id <id>', 'whose token it is (default: MIOT_CLIENT_ID)')
    .option('--token-url <url>', 'the token endpoint (default: MIOT_TOKEN_URL)', serverUrl)
    .action((text: string | undefined, options: Pick<TokenOptions, 'clientId' | 'tokenUrl'>) =>
      revokeToken(context(), text ?? readStdin(), options),
    )
  token
    .command('inspect [token]')
    .description('show what a token says, without verifying it (from stdin when left out)')
    .action((text?: string) => inspectToken(context(), text ?? readStdin()))
  token
    .command('verify [token]')
    .description('verify a token against its issuer’s published keys (from stdin when left out)')
    .option('--issuer <url>', 'whose token it must be (default: MIOT_ISSUER)', serverUrl)
    .option('--audience <url>', 'for whom it must be (default: MIOT_AUDIENCE, MIOT_API_AUDIENCE)')
    .action((text: string | undefined, options: VerifyOptions) =>
      verifyToken(context(), text ?? readStdin(), options),
    )
}
