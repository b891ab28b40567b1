/** `miot clients create|show|update|disable|enable|revoke-tokens|resource-server` */

import {
  allowlistOf,
  type ClientOptions,
  type ClientQuery,
  type ClientView,
  inputOf,
  listClients,
  newInputOf,
  setResourceServer,
} from '@modulariot/auth'
import type { Environment } from '@modulariot/oauth/protocol'
import { onThisMachine } from '../administration/local.ts'
import { withAdmin } from '../administration/with-admin.ts'
import type { Context } from '../command/context.ts'
import { CliError } from '../errors/cli-error.ts'
import { properties } from '../terminal/output.ts'
import { utc } from '../terminal/times.ts'
import { withClient } from './find-client.ts'

export interface CreateOptions extends ClientOptions {
  readonly name: string
  readonly environment?: Environment
  readonly org?: string
}

export async function createClient(context: Context, options: CreateOptions): Promise<void> {
  const config = context.config()
  const issuer = context.url ?? config.issuer
  await withAdmin(context, async (admin) => {
    const input = newInputOf(options, config.apiAudience)
    const { client, client_secret } = await admin.createClient(input, options)
    const credentials = {
      client_id: client.client_id,
      client_secret,
      audience: client.grants[0]?.audience ?? config.apiAudience,
      grant_type: 'client_credentials',
      token_url: `${issuer}/api/v1/login`,
    }
    const { client_secret: secret, ...others } = credentials
    context.output.print(credentials, () =>
      secret === null
        ? [
            ...properties(Object.entries(others)),
            '',
            `No secret: the client signs assertions (private_key_jwt) with the audience ${issuer}.`,
          ]
        : [
            ...properties(Object.entries({ ...credentials, client_secret: secret })),
            '',
            'Save the secret now: it is not shown again.',
          ],
    )
  })
}

/** @param client here and below: as a command line names it, see `withClient`. */
export async function showClient(context: Context, client: string): Promise<void> {
  await withAdmin(context, async (admin) => {
    printClient(context, await withClient(admin, client, admin.getClient))
  })
}

export async function updateClient(
  context: Context,
  client: string,
  options: ClientOptions,
): Promise<void> {
  const input = inputOf(options)
  const { audience = context.config().apiAudience, scope, allow, allowMode } = options
  const changesGrant = options.audience !== undefined || scope !== undefined
  const changesAllowlist = allow !== undefined || allowMode !== undefined
  const named = Object.values(input).some((value) => value !== undefined)
  if (!named && !changesGrant && !changesAllowlist) {
    throw new CliError('usage', 'Nothing to change: see miot clients update --help for the options')
  }
  await withAdmin(context, async (admin) => {
    const current = await withClient(admin, client, admin.getClient)
    const others = current.grants.filter((grant) => grant.audience !== audience)
    const change = {
      ...input,
      ...(changesGrant && { grants: [...others, { audience, scopes: scope }] }),
      ...(changesAllowlist && { allowlist: allowlistOf(options, current.allowlist) }),
    }
    printClient(context, await admin.updateClient(current.client_id, change, current.version))
  })
}

export async function enableClient(context: Context, client: string): Promise<void> {
  await withAdmin(context, async (admin) => {
    const { client_id, version } = await withClient(admin, client, admin.getClient)
    printClient(context, await admin.updateClient(client_id, { status: 'active' }, version))
  })
}

export async function revokeTokens(context: Context, client: string): Promise<void> {
  await withAdmin(context, async (admin) => {
    const revoked = await withClient(admin, client, admin.revokeTokens)
    context.output.print(
      revoked,
      () => `Revoked all tokens that ${revoked.client_id} has. It can get new ones immediately.`,
    )
  })
}

export async function makeResourceServer(
  context: Context,
  client: string,
  audiences: readonly string[],
): Promise<void> {
  await onThisMachine(context, async (admin) => {
    const lists = { listClients: (query: ClientQuery) => listClients(query, admin) }
    const change = (client_id: string) => setResourceServer(client_id, audiences, admin)
    printClient(context, await withClient(lists, client, change))
  })
}

export function printClient(context: Context, client: ClientView): void {
  context.output.print(client, () => describe(client))
}

function describe(client: ClientView): string[] {
  const lifetime = client.token_lifetime_seconds
  const { allowlist, quota } = client
  return properties([
    ['client_id', client.client_id],
    ['name', client.name],
    ['org_id', client.org_id],
    ['environment', client.environment],
    ['status', client.status],
    ['external_id', client.external_id ?? 'none'],
    ['tags', client.tags.join(' ') || 'none'],
    ['created', utc(client.created_at)],
    ['token lifetime', lifetime === null ? 'audience default' : `${lifetime} s`],
    [
      'allowlist',
      allowlist.mode === 'off' ? 'off' : `${allowlist.mode}: ${allowlist.cidrs.join(' ')}`,
    ],
    [
      'quota',
      quota.tokens_per_hour === null && quota.tokens_per_day === null
        ? 'none'
        : `${quota.mode}: ${quota.tokens_per_hour ?? 'no limit'} per hour, ${quota.tokens_per_day ?? 'no limit'} per day`,
    ],
    ...client.grants.map(
      ({ audience, scopes }) => ['granted', `${audience}: ${scopes.join(' ')}`] as const,
    ),
    ...(client.default_audience === null
      ? []
      : [['default audience', client.default_audience] as const]),
    ...(client.tokens_revoked_until === null
      ? []
      : [['tokens revoked', `issued up to ${secondText(client.tokens_revoked_until)}`] as const]),
    ...client.resource_server_for.map((audience) => ['resource server for', audience] as const),
    ...client.keys.map(
      ({ kid, alg, created_at }) => ['key', `${kid}, ${alg}, since ${utc(created_at)}`] as const,
    ),
    ...(client.jwks_uri === null ? [] : [['keys published at', client.jwks_uri] as const]),
    ...(client.keys.length === 0 && client.jwks_uri === null
      ? []
      : [
          [
            'assertions',
            `aud ${client.assertions.audience}, jti ${client.assertions.jti}`,
          ] as const,
        ]),
    ...client.secrets.map(
      ({ secret_id, label, expires_at }) =>
        [
          'secret',
          `${secret_id}, ${label}, ${expires_at ? `expires ${utc(expires_at)}` : 'never expires'}`,
        ] as const,
    ),
  ])
}

/** @param seconds Unix seconds. */
function secondText(seconds: number): string {
  return utc(new Date(seconds * 1000).toISOString())
}
