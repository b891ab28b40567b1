/** The words `miot` understands: noun verb, with their options. What they do is in commands/. */

import { readFileSync } from 'node:fs'
import { ENVIRONMENTS, type Environment } from '@modulariot/oauth/protocol'
import { Command, InvalidArgumentError, Option } from 'commander'
import { CliError } from './cli-error.ts'
import { type CreateOptions, createClient, listClients, showClient } from './commands/clients.ts'
import { doctor } from './commands/doctor.ts'
import { serveCommand } from './commands/serve.ts'
import {
  getToken,
  inspectToken,
  type TokenOptions,
  type VerifyOptions,
  verifyToken,
} from './commands/token.ts'
import { type SendOptions, sendTrack } from './commands/track.ts'
import type { Environment as ProcessEnvironment } from './config/read-settings.ts'
import { type Context, createContext } from './context.ts'

/**
 * @param env the environment, for the settings.
 * @param json whether output, complaints included, is for programs.
 */
export function createProgram(env: ProcessEnvironment, json: boolean): Command {
  const program = new Command('miot')
    .description('ModularIoT: machine-to-machine authorization and telemetry for IoT fleets.')
    .option('--json', 'print JSON (the default when piped)')
    .option('--no-json', 'print text even when piped')
    .configureOutput({
      outputError: (text, write) => write(text.replace(/^error: /, 'miot: ')),
      // In JSON mode Commander's complaint is held back: the one JSON object says it.
      ...(json && { writeErr: () => {} }),
    })
    .configureHelp({ showGlobalOptions: true })
    .exitOverride()
    .showSuggestionAfterError()
  const context = (): Context => createContext(env, json)

  program
    .command('serve')
    .description('run ModularIoT Auth and ModularIoT API in one process')
    .action(() => serveCommand(context()))
  program
    .command('doctor')
    .description('check this installation (exit status 7 when something is wrong)')
    .action(() => doctor(context()))
  addClients(program, context)
  addToken(program, context)
  addTrack(program, context)
  return program
}

function addClients(program: Command, context: () => Context): void {
  const clients = program.command('clients').description('machines that may ask for tokens')
  clients
    .command('create')
    .description('register a client and show its secret, once')
    .requiredOption('--name <name>', 'what people call it')
    .addOption(
      new Option('--environment <environment>', 'which world its tokens and data belong to')
        .choices(ENVIRONMENTS)
        .default('development' satisfies Environment),
    )
    .option('--audience <url>', 'the API it may use (default: ModularIoT API)')
    .option('--scope <scope...>', 'what it may do there (default: all the audience has)')
    .option('--token-lifetime <seconds>', 'overrides the audience’s lifetime', wholeNumber)
    .option('--org <org_id>', 'the organization it belongs to, where there are several')
    .action((options: CreateOptions) => createClient(context(), options))
  clients
    .command('list')
    .description('all clients')
    .action(() => listClients(context()))
  clients
    .command('show <client_id>')
    .description('one client, with its grants and secrets (never their text)')
    .action((client_id: string) => showClient(context(), client_id))
}

function addToken(program: Command, context: () => Context): void {
  const token = program.command('token').description('get and look at access tokens')
  addClientOptions(token.command('get'))
    .description('get a token (credentials from MIOT_* settings or quickstart.env)')
    .option('--scope <scope>', 'ask for these scopes only, separated by spaces')
    .option('--raw', 'print the token alone')
    .action((options: TokenOptions) => getToken(context(), options))
  token
    .command('inspect [token]')
    .description('show what a token says, without verifying it (from stdin when left out)')
    .action((text?: string) => inspectToken(context(), text ?? readStdin()))
  token
    .command('verify [token]')
    .description('verify a token against its issuer’s published keys (from stdin when left out)')
    .option('--issuer <url>', 'whose token it must be (default: MIOT_ISSUER)')
    .option('--audience <url>', 'for whom it must be (default: MIOT_AUDIENCE, MIOT_API_AUDIENCE)')
    .action((text: string | undefined, options: VerifyOptions) =>
      verifyToken(context(), text ?? readStdin(), options),
    )
}

function addTrack(program: Command, context: () => Context): void {
  const track = program.command('track').description('report as a device does')
  addClientOptions(track.command('send'))
    .description('send one report and wait until it is kept')
    .option('--asset-id <id>', 'the asset')
    .option('--latitude <degrees>', 'its position', decimal)
    .option('--longitude <degrees>', 'its position', decimal)
    .option('--speed <km/h>', 'speed', decimal)
    .option('--file <path>', 'send this JSON body instead (- for stdin)')
    .option('--request-id <id>', 'X-Request-Id (default: a new one)')
    .option('--api-url <url>', 'where the API is (default: MIOT_API_URL)')
    .action((options: SendOptions) => sendTrack(context(), options))
}

/** The secret has no option: what stands on a command line is seen by every user of the machine. */
function addClientOptions(command: Command): Command {
  return command
    .option(
      '--client-id <id>',
      'the client (default: MIOT_CLIENT_ID; its secret: MIOT_CLIENT_SECRET)',
    )
    .option('--audience <url>', 'the API the token is for (default: MIOT_AUDIENCE)')
    .option('--token-url <url>', 'the token endpoint (default: MIOT_TOKEN_URL)')
}

function wholeNumber(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('It must be a whole number.')
  return Number(text)
}

function decimal(text: string): number {
  if (!/^-?\d+(\.\d+)?$/.test(text)) throw new InvalidArgumentError('It must be a number.')
  return Number(text)
}

function readStdin(): string {
  if (process.stdin.isTTY) throw new CliError('usage', 'Give a token, or pipe one in')
  return readFileSync(0, 'utf8')
}
