/** `miot token …` and `miot track …`: what a client and an API do. */

import type { Command } from 'commander'
import type { Context } from '../command/context.ts'
import {
  decimal,
  duration,
  positiveNumber,
  rate,
  readStdin,
  serverUrl,
} from '../command/option-values.ts'
import { type SimulateOptions, simulate } from '../simulate/simulate.ts'
import {
  getToken,
  inspectToken,
  revokeToken,
  type TokenOptions,
  type VerifyOptions,
  verifyToken,
} from '../token/token.ts'
import { type SendOptions, sendTrack } from './send-reports.ts'

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

export function addTrack(program: Command, context: () => Context): void {
  const track = program.command('track').description('report as a device does')
  addApiOptions(track.command('send'))
    .description('send a report, or a file of them, and wait until they are kept')
    .option('--asset-id <id>', 'the asset')
    .option('--latitude <degrees>', 'its position', decimal)
    .option('--longitude <degrees>', 'its position', decimal)
    .option('--speed <km/h>', 'speed', decimal)
    .option('--file <path>', 'send this instead: a report, an array, or a line each (- for stdin)')
    .option('--request-id <id>', 'X-Request-Id (default: a new one)')
    .action((options: SendOptions) => sendTrack(context(), options))
  addApiOptions(track.command('simulate'))
    .description('a small fleet that drives about town, until interrupted')
    .option('--assets <n>', 'how many', positiveNumber, 50)
    .option('--rate <reports>', 'of all of them together: 200/s, 600/m', rate, 50)
    .option('--for <time>', 'how long: 30s, 5m', duration)
    .action((options: SimulateOptions) => simulate(context(), options))
}

/** What every command takes that speaks to the API as a client. */
export function addApiOptions(command: Command): Command {
  return addClientOptions(command).option(
    '--api-url <url>',
    'where the API is (default: MIOT_API_URL)',
    serverUrl,
  )
}

/** The secret has no option: what stands on a command line is seen by every user of the machine. */
function addClientOptions(command: Command): Command {
  return command
    .option(
      '--client-id <id>',
      'the client (default: MIOT_CLIENT_ID; its secret: MIOT_CLIENT_SECRET)',
    )
    .option('--audience <url>', 'the API the token is for (default: MIOT_AUDIENCE)')
    .option('--token-url <url>', 'the token endpoint (default: MIOT_TOKEN_URL)', serverUrl)
}
