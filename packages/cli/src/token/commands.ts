/** `miot token …`: what a client does with its tokens, and how an API verifies them. */

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
  const token = program
    .command('token')
    .description('get, revoke, inspect and verify access tokens')
  addClientOptions(token.command('get'))
    .description('get a token (credentials from MIOT_* settings or quickstart.env)')
    .option('--scope <scope>', 'request only these scopes, separated by spaces')
    .option('--raw', 'print only the token')
    .action((options: TokenOptions) => getToken(context(), options))
  token
    .command('revoke [token]')
    .description('revoke a token of this client (read from stdin when left out)')
    .option('--client-id <id>', 'client that the token belongs to (default: MIOT_CLIENT_ID)')
    .option('--token-url <url>', 'the token endpoint (default: MIOT_TOKEN_URL)', serverUrl)
    .action((text: string | undefined, options: Pick<TokenOptions, 'clientId' | 'tokenUrl'>) =>
      revokeToken(context(), text ?? readStdin(), options),
    )
  token
    .command('inspect [token]')
    .description(
      'show the contents of a token without verifying it (read from stdin when left out)',
    )
    .action((text?: string) => inspectToken(context(), text ?? readStdin()))
  token
    .command('verify [token]')
    .description(
      'verify a token with the published keys of its issuer (read from stdin when left out)',
    )
    .option('--issuer <url>', 'expected issuer (default: MIOT_ISSUER)', serverUrl)
    .option(
      '--audience <url>',
      'expected audience (default: MIOT_AUDIENCE, then MIOT_API_AUDIENCE)',
    )
    .action((text: string | undefined, options: VerifyOptions) =>
      verifyToken(context(), text ?? readStdin(), options),
    )
}
