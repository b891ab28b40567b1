/** `miot clients …` */

import type { ClientOptions } from '@modulariot/auth'
import { ENVIRONMENTS } from '@modulariot/oauth/protocol'
import { type Command, Option } from 'commander'
import { addChoice, hasChoice } from '../command/choice-options.ts'
import { type ConfirmOptions, YES } from '../command/confirm.ts'
import type { Context } from '../command/context.ts'
import { CLIENT, CLIENTS, examples } from '../command/help.ts'
import { duration, jsonFile, positiveNumber, wholeNumber } from '../command/option-values.ts'
import type { TagOptions } from './change-many.ts'
import type { Choice } from './choose-clients.ts'
import type { AddressesOptions } from './client-addresses.ts'
import type { CreateOptions } from './clients.ts'
import type { ImportOptions } from './import-clients.ts'
import type { ListOptions } from './list-clients.ts'
import type { RefusalsOptions } from './refusals.ts'

export function addClients(program: Command, context: () => Context): void {
  const clients = program
    .command('clients')
    .description('manage clients: the machines that can get tokens')
    .addHelpText(
      'after',
      examples("miot clients create --name 'Pump station'", 'miot clients list --unused-for 30d'),
    )
  addFields(clients.command('create'))
    .description('create a client and show its secret once (no secret with --jwks)')
    .addHelpText(
      'after',
      examples(
        "miot clients create --name 'Pump 7'",
        "miot clients create --name 'Truck 12' --environment production --tag north --allow 203.0.113.0/24",
      ),
    )
    .requiredOption('--name <name>', 'display name')
    .addOption(environment('environment for its tokens and data (default: development)'))
    .option('--org <org_id>', 'its organization, when there are several')
    .action(async (options: CreateOptions) =>
      (await import('./clients.ts')).createClient(context(), options),
    )
  clients
    .command('list')
    .description('list clients')
    .addHelpText(
      'after',
      examples(
        'miot clients list --search pump',
        'miot clients list --tag north --json',
        'miot clients list --never-used --limit 20',
        'miot clients list --unused-for 30d',
        'miot clients list --wasteful',
      ),
    )
    .option('--search <text>', 'part of the name, client_id or external id')
    .option('--tag <tag>', 'only clients with this tag')
    .addOption(
      new Option('--status <status>', 'only clients with this status').choices([
        'active',
        'disabled',
      ]),
    )
    .addOption(environment('only clients of this environment'))
    .option('--never-used', 'only clients that have not been used yet')
    .option(
      '--unused-for <time>',
      'only clients last used, or created, longer ago than this: 24h, 30d',
      duration,
    )
    .option('--limit <n>', 'at most this many', positiveNumber)
    .addOption(
      new Option(
        '--wasteful',
        'only clients that request tokens long before they need them, worst first',
      ).conflicts([
        ...['search', 'tag', 'status', 'environment', 'neverUsed', 'unusedFor', 'limit'],
      ]),
    )
    .action(async ({ wasteful, ...options }: ListOptions & { wasteful?: true }) =>
      wasteful
        ? (await import('./wasteful-clients.ts')).listWastefulClients(context())
        : (await import('./list-clients.ts')).listClients(context(), options),
    )
  clients
    .command('show')
    .argument('<client>', CLIENT)
    .description('show a client, its grants and its secret ids (never the secrets)')
    .addHelpText('after', examples('miot clients show client_1a2b', "miot clients show 'Pump 7'"))
    .action(async (client: string) => (await import('./clients.ts')).showClient(context(), client))
  clients
    .command('usage')
    .argument('<client>', CLIENT)
    .description('show when a client was last used, and how many tokens it got')
    .addHelpText('after', examples('miot clients usage client_1a2b'))
    .action(async (client: string) =>
      (await import('./client-usage.ts')).showUsage(context(), client),
    )
  clients
    .command('addresses')
    .argument('<client>', CLIENT)
    .description('list the addresses it logged in from, and which of them an allowlist refuses')
    .addHelpText(
      'after',
      examples(
        'miot clients addresses client_1a2b',
        "miot clients addresses 'Pump 7' --allowlist 203.0.113.0/24,2001:db8::/48",
      ),
    )
    .option('--allowlist <ranges>', 'ranges to try out, separated by commas', (text: string) =>
      text.split(',').map((range) => range.trim()),
    )
    .action(async (client: string, options: AddressesOptions) =>
      (await import('./client-addresses.ts')).showAddresses(context(), client, options),
    )
  clients
    .command('refusals')
    .argument('[client]', CLIENT)
    .description('list refused requests and their causes, of one client or of all, newest first')
    .addHelpText(
      'after',
      examples(
        "miot clients refusals 'Pump 7'",
        'miot clients refusals --kind wrong_secret --since 24h --limit 500 --json',
      ),
    )
    .option('--kind <kind>', 'only refusals of this kind, such as wrong_secret')
    .option('--since <time>', 'not longer ago than this: 24h, 30d', duration, 7 * 86_400)
    .option('--limit <n>', 'at most this many', positiveNumber, 50)
    .action(async (client: string | undefined, options: RefusalsOptions) =>
      (await import('./refusals.ts')).listRefusals(context(), client, options),
    )
  addFields(clients.command('update').argument('<client>', CLIENT))
    .description('change only what the options name')
    .addHelpText(
      'after',
      examples(
        "miot clients update client_1a2b --name 'Pump 8' --tag north",
        'miot clients update client_1a2b --tokens-per-hour 10 --quota-mode observe',
      ),
    )
    .option('--name <name>', 'display name')
    .action(async (client: string, options: ClientOptions) =>
      (await import('./clients.ts')).updateClient(context(), client, options),
    )
  addChoice(clients.command('tag').argument('[clients...]', CLIENTS))
    .description('add tags to many clients, and remove tags; the other tags stay')
    .addHelpText(
      'after',
      examples(
        'miot clients tag client_1a2b client_3c4d --add north',
        'miot clients tag --tag nort --add north --remove nort',
        'miot clients tag --file ids.txt --add fleet-7',
      ),
    )
    .option('--add <tag...>', 'tags to add')
    .option('--remove <tag...>', 'tags to remove')
    .action(async (names: string[], options: TagOptions) =>
      (await import('./change-many.ts')).tagClients(context(), names, options),
    )
  addChoice(clients.command('disable').argument('[clients...]', CLIENTS))
    .description('revoke their tokens and issue no more until they are enabled; asks on a terminal')
    .addHelpText(
      'after',
      examples('miot clients disable client_1a2b', 'miot clients disable --tag stolen --yes'),
    )
    .option(...YES)
    .action(async (names: string[], options: Choice & ConfirmOptions) => {
      const one = onlyOne(names, options)
      if (one !== null) {
        return (await import('./end-client.ts')).disableClient(context(), one, options)
      }
      const { setStatusOfMany } = await import('./change-many.ts')
      return setStatusOfMany(context(), names, 'disable', options)
    })
  addChoice(clients.command('enable').argument('[clients...]', CLIENTS))
    .description('issue tokens to them again; revoked tokens stay revoked')
    .addHelpText(
      'after',
      examples('miot clients enable client_1a2b', 'miot clients enable --file ids.txt'),
    )
    .action(async (names: string[], options: Choice) => {
      const one = onlyOne(names, options)
      if (one !== null) return (await import('./clients.ts')).enableClient(context(), one)
      const { setStatusOfMany } = await import('./change-many.ts')
      return setStatusOfMany(context(), names, 'enable', options)
    })
  clients
    .command('delete')
    .argument('<client>', CLIENT)
    .description('revoke its tokens and remove it for good; the telemetry it reported stays')
    .addHelpText(
      'after',
      examples('miot clients delete client_1a2b', "miot clients delete 'Pump 7' --yes"),
    )
    .option(...YES)
    .action(async (client: string, options: ConfirmOptions) =>
      (await import('./end-client.ts')).deleteClient(context(), client, options),
    )
  clients
    .command('revoke-tokens')
    .argument('<client>', CLIENT)
    .description('revoke all its tokens; it can get new ones immediately')
    .addHelpText('after', examples('miot clients revoke-tokens client_1a2b'))
    .action(async (client: string) =>
      (await import('./clients.ts')).revokeTokens(context(), client),
    )
  clients
    .command('resource-server')
    .argument('<client>', CLIENT)
    .description('let it introspect the tokens of these APIs (no --audience: of none)')
    .addHelpText(
      'after',
      examples('miot clients resource-server client_1a2b --audience https://api.example/v1/orders'),
    )
    .option('--audience <url...>', 'audiences of the APIs it serves', [])
    .action(async (client: string, { audience }: { audience: string[] }) =>
      (await import('./clients.ts')).makeResourceServer(context(), client, audience),
    )
  clients
    .command('import <file>')
    .description(
      'create many clients from a CSV file with a header, or one JSON object per line (- for stdin); one result per line',
    )
    .addHelpText(
      'after',
      examples(
        'miot clients import fleet.csv --dry-run',
        'miot clients import fleet.csv --environment production --out credentials.csv',
      ),
    )
    .addOption(environment('environment for all of them (default: development)'))
    .option('--org <org_id>', 'their organization, when there are several')
    .option('--out <file>', 'write the credentials to this new CSV file, readable by you only')
    .addOption(
      new Option('--dry-run', 'create nothing, and print what each line would get').conflicts(
        'out',
      ),
    )
    .action(async (file: string, options: ImportOptions) =>
      (await import('./import-clients.ts')).importClients(context(), file, options),
    )
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

/** The client of a command that names one alone, whose answer is that client. */
function onlyOne(names: readonly string[], choice: Choice): string | null {
  const [first, second] = names
  return first === undefined || second !== undefined || hasChoice(choice) ? null : first
}

function environment(about: string): Option {
  return new Option('--environment <environment>', about).choices(ENVIRONMENTS)
}
