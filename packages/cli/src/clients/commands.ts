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
import { addSecret, listSecrets, revokeSecret, rotateSecrets } from './secrets.ts'
import { listWastefulClients } from './wasteful-clients.ts'

export function addClients(program: Command, context: () => Context): void {
  const clients = program
    .command('clients')
    .description('manage clients: the machines that can get tokens')
  addFields(clients.command('create'))
    .description('create a client and show its secret once (no secret with --jwks)')
    .requiredOption('--name <name>', 'display name')
    .addOption(environment('environment for its tokens and data (default: development)'))
    .option('--org <org_id>', 'its organization, when there are several')
    .action((options: CreateOptions) => createClient(context(), options))
  clients
    .command('list')
    .description('list clients')
    .option('--search <text>', 'part of the name, client_id or external id')
    .option('--tag <tag>', 'only clients with this tag')
    .addOption(
      new Option('--status <status>', 'only clients with this status').choices([
        'active',
        'disabled',
      ]),
    )
    .addOption(environment('only clients of this environment'))
    .addOption(
      new Option(
        '--wasteful',
        'only clients that request tokens long before they need them, worst first',
      ).conflicts(['search', 'tag', 'status', 'environment']),
    )
    .action(({ wasteful, ...options }: ListOptions & { wasteful?: true }) =>
      wasteful ? listWastefulClients(context()) : listClients(context(), options),
    )
  clients
    .command('show <client_id>')
    .description('show a client, its grants and its secret ids (never the secrets)')
    .action((client_id: string) => showClient(context(), client_id))
  addFields(clients.command('update <client_id>'))
    .description('change only what the options name')
    .option('--name <name>', 'display name')
    .action((client_id: string, options: ClientOptions) =>
      updateClient(context(), client_id, options),
    )
  clients
    .command('disable <client_id>')
    .description('revoke its tokens and issue no more until it is enabled')
    .action((client_id: string) => setStatus(context(), client_id, 'disabled'))
  clients
    .command('enable <client_id>')
    .description('issue tokens to it again; revoked tokens stay revoked')
    .action((client_id: string) => setStatus(context(), client_id, 'active'))
  clients
    .command('revoke-tokens <client_id>')
    .description('revoke all its tokens; it can get new ones immediately')
    .action((client_id: string) => revokeTokens(context(), client_id))
  clients
    .command('resource-server <client_id>')
    .description('let it introspect the tokens of these APIs (no --audience: of none)')
    .option('--audience <url...>', 'audiences of the APIs it serves', [])
    .action((client_id: string, { audience }: { audience: string[] }) =>
      makeResourceServer(context(), client_id, audience),
    )
  clients
    .command('import <file>')
    .description('create many clients: one JSON object per line (- for stdin), one result per line')
    .addOption(environment('environment for all of them (default: development)'))
    .option('--org <org_id>', 'their organization, when there are several')
    .action((file: string, options: { environment?: Environment; org?: string }) =>
      importClients(context(), file, options),
    )
}

export function addSecrets(program: Command, context: () => Context): void {
  const secrets = program.command('secrets').description('manage the secrets of a client')
  secrets
    .command('list <client_id>')
    .description('list secrets by id and label (never the secrets themselves)')
    .action((client_id: string) => listSecrets(context(), client_id))
  secrets
    .command('add <client_id>')
    .description('add a secret and show it once')
    .option('--label <label>', 'what it is for', 'added')
    .option(
      '--expires <time>',
      'expires after this time, such as 24h or 90d (default: never)',
      duration,
    )
    .action((client_id: string, options: { label: string; expires?: number }) =>
      addSecret(context(), client_id, options),
    )
  secrets
    .command('rotate <client_id>')
    .description('create a new secret and show it once; the old ones expire after the overlap')
    .requiredOption(
      '--overlap <time>',
      'how long the old secrets keep working: 24h, 7d, 0',
      duration,
    )
    .option('--label <label>', 'what it is for', 'rotated')
    .action((client_id: string, options: { label: string; overlap: number }) =>
      rotateSecrets(context(), client_id, options),
    )
  secrets
    .command('revoke <client_id> <secret_id>')
    .description('revoke a secret immediately')
    .action((client_id: string, secret_id: string) => revokeSecret(context(), client_id, secret_id))
}

/** Options of both `create` and `update`. */
function addFields(command: Command): Command {
  return command
    .option('--audience <url>', 'API it may use (default: ModularIoT API)')
    .option('--scope <scope...>', 'scopes it may request there (default: all of the audience)')
    .option(
      '--default-audience <url>',
      'audience of its requests that name none (none: the only one it may use)',
      (text: string) => (text === 'none' ? null : text),
    )
    .option('--token-lifetime <seconds>', 'overrides the lifetime set by the audience', wholeNumber)
    .option('--external-id <id>', 'your own id for the client')
    .option('--tag <tag...>', 'tags to find it by')
    .option(
      '--jwks <file>',
      'JWK Set with all its public keys, for private_key_jwt (none: removes them)',
      (path: string) => (path === 'none' ? null : jsonFile(path)),
    )
    .option(
      '--jwks-uri <url>',
      'where it publishes its public keys instead, for keys that rotate by themselves (none: nowhere)',
      (text: string) => (text === 'none' ? null : text),
    )
    .addOption(
      new Option(
        '--assertion-audience <audience>',
        'aud of its assertions: any (issuer or endpoint URL; the default), or issuer alone',
      ).choices(['any', 'issuer']),
    )
    .addOption(
      new Option(
        '--assertion-jti <jti>',
        'required (the default), or optional: without jti an assertion works until its exp',
      ).choices(['required', 'optional']),
    )
    .option('--tokens-per-hour <n>', 'quota (0: no limit)', wholeNumber)
    .option('--tokens-per-day <n>', 'quota (0: no limit)', wholeNumber)
    .addOption(
      new Option(
        '--quota-mode <mode>',
        'enforce refuses; observe only logs (default: enforce)',
      ).choices(['observe', 'enforce']),
    )
    .option('--allow <cidr...>', 'IP addresses and ranges it may connect from')
    .addOption(
      new Option(
        '--allow-mode <mode>',
        'other addresses: enforce refuses; observe only logs (default: enforce)',
      ).choices(['off', 'observe', 'enforce']),
    )
}

function environment(about: string): Option {
  return new Option('--environment <environment>', about).choices(ENVIRONMENTS)
}
