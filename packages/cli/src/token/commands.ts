/** `miot token …`: what a client does with its tokens, and how an API verifies them. */

import type { Command } from 'commander'
import { addClientOptions } from '../command/client-options.ts'
import type { Context } from '../command/context.ts'
import { CLIENT, examples } from '../command/help.ts'
import { readStdin, serverUrl } from '../command/option-values.ts'
import type { PreviewOptions } from './preview.ts'
import type { TokenOptions, VerifyOptions } from './token.ts'

export function addToken(program: Command, context: () => Context): void {
  const token = program
    .command('token')
    .description('get, preview, revoke, inspect and verify access tokens')
    .addHelpText('after', examples('miot token get --raw', 'miot token preview client_1a2b'))
  addClientOptions(token.command('get'))
    .description('get a token (credentials from MIOT_* settings or quickstart.env)')
    .addHelpText(
      'after',
      examples(
        'miot token get',
        'curl -H "Authorization: Bearer $(miot token get --raw)" http://localhost:3000/v1/assets',
      ),
    )
    .option('--scope <scope>', 'request only these scopes, separated by spaces')
    .option('--raw', 'print only the token')
    .option('--fresh', 'get a new token, also when the last one is still valid')
    .action(async (options: TokenOptions) =>
      (await import('./token.ts')).getToken(context(), options),
    )
  token
    .command('preview')
    .argument('<client>', CLIENT)
    .description('show what the next token of a client would contain, or why it would get none')
    .addHelpText(
      'after',
      examples(
        'miot token preview client_1a2b',
        "miot token preview 'Pump 7' --audience https://api.example/v1/orders --scope orders:read",
      ),
    )
    .option('--audience <url>', 'audience of the login (default: none is named)')
    .option('--scope <scope>', 'scopes of the login, separated by spaces (default: none is named)')
    .action(async (client: string, options: PreviewOptions) =>
      (await import('./preview.ts')).previewToken(context(), client, options),
    )
  token
    .command('revoke [token]')
    .description('revoke a token of this client (read from stdin when left out)')
    .addHelpText('after', examples('miot token get --raw | miot token revoke'))
    .option('--client-id <id>', 'client that the token belongs to (default: MIOT_CLIENT_ID)')
    .option('--token-url <url>', 'the token endpoint (default: MIOT_TOKEN_URL)', serverUrl)
    .action(
      async (text: string | undefined, options: Pick<TokenOptions, 'clientId' | 'tokenUrl'>) =>
        (await import('./token.ts')).revokeToken(context(), text ?? readStdin(), options),
    )
  token
    .command('inspect [token]')
    .description(
      'show the contents of a token without verifying it (read from stdin when left out)',
    )
    .addHelpText('after', examples('miot token get --raw | miot token inspect'))
    .action(async (text?: string) =>
      (await import('./token.ts')).inspectToken(context(), text ?? readStdin()),
    )
  token
    .command('verify [token]')
    .description(
      'verify a token with the published keys of its issuer (read from stdin when left out)',
    )
    .addHelpText(
      'after',
      examples('miot token get --raw | miot token verify --issuer https://auth.example'),
    )
    .option('--issuer <url>', 'expected issuer (default: MIOT_ISSUER)', serverUrl)
    .option(
      '--audience <url>',
      'expected audience (default: MIOT_AUDIENCE, then MIOT_API_AUDIENCE)',
    )
    .action(async (text: string | undefined, options: VerifyOptions) =>
      (await import('./token.ts')).verifyToken(context(), text ?? readStdin(), options),
    )
}
