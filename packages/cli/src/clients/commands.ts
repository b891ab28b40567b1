/** `miot clients …` and `miot secrets …` */

import { ENVIRONMENTS, type Environment } from '@modulariot/oauth/protocol'
import { type Command, Option } from 'commander'
import type { Context } from '../command/context.ts'
import { duration, jsonFile, wholeNumber } from '../command/option-values.ts'
import {
  type ClientOptions,
  type CreateOptions,
  createClient,
  type ListOptions,
  listClients,
  makeResourceServer,
  revokeTokens,
  setStatus,
  showClient,
  updateClient,
} from './clients.ts'
import { importClients } from './import-clients.ts'
import { addSecret, listSecrets, revokeSecret, rotate } from './secrets.ts'
import { listWastefulClients } from './wasteful-clients.ts'

export function addClients(program: Command, context: () => Context): void {
  const clients = program.command('clients').description('machines that can get tokens')
  addFields(clients.command('create'))
    .description('register a client and show its secret, once (none with --jwks)')
    .requiredOption('--name <name>', 'what people call it')
    .addOption(environment('environment of its tokens and data (default: development)'))
    .option('--org <org_id>', 'the organization it belongs to, where there are several')
    .action((options: CreateOptions) => createClient(context(), options))
  clients
    .command('list')
    .description('clients, all or those that match')
    .option('--search <text>', 'part of the name, the client_id or the external id')
    .option('--tag <tag>', 'with this tag')
    .addOption(new Option('--status <status>', 'with this status').choices(['active', 'disabled']))
    .addOption(environment('of this environment'))
    .addOption(
      new Option(
        '--wasteful',
        'list clients that request tokens long before they need them, worst first',
      ).conflicts(['search', 'tag', 'status', 'environment']),
    )
    .action(({ wasteful, ...options }: ListOptions & { wasteful?: true }) =>
      wasteful ? listWastefulClients(context()) : listClients(context(), options),
    )
  clients
    .command('show <client_id>')
    .description('one client, with its grants and secrets (never their text)')
    .action((client_id: string) => showClient(context(), client_id))
  addFields(clients.command('update <client_id>'))
    .description('change what the options name, and nothing else')
    .option('--name <name>', 'what people call it')
    .action((client_id: string, options: ClientOptions) =>
      updateClient(context(), client_id, options),
    )
  clients
    .command('disable <client_id>')
    .description('revoke its tokens, and issue no more until it is enabled again')
    .action((client_id: string) => setStatus(context(), client_id, 'disabled'))
  clients
    .command('enable <client_id>')
    .description('issue tokens to it again; revoked ones stay revoked')
    .action((client_id: string) => setStatus(context(), client_id, 'active'))
  clients
    .command('revoke-tokens <client_id>')
    .description('revoke every token it has; it may get new ones immediately')
    .action((client_id: string) => revokeTokens(context(), client_id))
  clients
    .command('resource-server <client_id>')
    .description('which APIs it is: it may introspect their tokens (none named: of no API)')
    .option('--audience <url...>', 'the audiences of those APIs', [])
    .action((client_id: string, { audience }: { audience: string[] }) =>
      makeResourceServer(context(), client_id, audience),
    )
  clients
    .command('import <file>')
    .description('create many: one JSON object per line (- for stdin), one result per line')
    .addOption(environment('their environment (default: development)'))
    .option('--org <org_id>', 'the organization they belong to, where there are several')
    .action((file: string, options: { environment?: Environment; org?: string }) =>
      importClients(context(), file, options),
    )
}

export function addSecrets(program: Command, context: () => Context): void {
  const secrets = program.command('secrets').description('the secrets of a client')
  secrets
    .command('list <client_id>')
    .description('the secrets there are (never their text)')
    .action((client_id: string) => listSecrets(context(), client_id))
  secrets
    .command('add <client_id>')
    .description('one more secret, shown once')
    .option('--label <label>', 'what it is for', 'added')
    .option('--expires <time>', 'when it ends, from now: 24h, 90d', duration)
    .action((client_id: string, options: { label: string; expires?: number }) =>
      addSecret(context(), client_id, options),
    )
  secrets
    .command('rotate <client_id>')
    .description('a new secret, shown once; the others end after the overlap')
    .requiredOption('--overlap <time>', 'how long the old ones still work: 24h, 7d, 0', duration)
    .option('--label <label>', 'what it is for', 'rotated')
    .action((client_id: string, options: { label: string; overlap: number }) =>
      rotate(context(), client_id, options),
    )
  secrets
    .command('revoke <client_id> <secret_id>')
    .description('revoke a secret immediately')
    .action((client_id: string, secret_id: string) => revokeSecret(context(), client_id, secret_id))
}

/** What `create` and `update` both take. */
function addFields(command: Command): Command {
  return command
    .option('--audience <url>', 'the API it may use (default: ModularIoT API)')
    .option('--scope <scope...>', 'what it may do there (default: all the audience has)')
    .option('--token-lifetime <seconds>', 'overrides the audience’s lifetime', wholeNumber)
    .option('--external-id <id>', 'your own id for it')
    .option('--tag <tag...>', 'tags to find it by')
    .option('--jwks <file>', 'its public keys (a JWK Set), all of them: private_key_jwt', jsonFile)
    .option('--tokens-per-hour <n>', 'its quota (0: none)', wholeNumber)
    .option('--tokens-per-day <n>', 'its quota (0: none)', wholeNumber)
    .addOption(
      new Option('--quota-mode <mode>', 'observe only reports (default: enforce)').choices([
        'observe',
        'enforce',
      ]),
    )
    .option('--allow <cidr...>', 'the addresses it may come from')
    .addOption(
      new Option('--allow-mode <mode>', 'what happens to others (default: enforce)').choices([
        'off',
        'observe',
        'enforce',
      ]),
    )
}

function environment(about: string): Option {
  return new Option('--environment <environment>', about).choices(ENVIRONMENTS)
}
