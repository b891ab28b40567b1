/** `miot clients create|list|show|update|disable|enable|revoke-tokens|resource-server` */

import { type Client, type ClientInput, type ClientView, setResourceServer } from '@modulariot/auth'
import type { Environment } from '@modulariot/oauth/protocol'
import { onThisMachine } from '../administration/local.ts'
import { withAdmin } from '../administration/with-admin.ts'
import type { Context } from '../command/context.ts'
import { CliError } from '../errors/cli-error.ts'
import { pagesOf } from '../network/pages.ts'
import { properties, table } from '../terminal/output.ts'
import { toSecond } from '../terminal/times.ts'

export interface ClientOptions {
  readonly name?: string
  readonly externalId?: string
  readonly tag?: readonly string[]
  readonly tokenLifetime?: number
  readonly audience?: string
  readonly scope?: readonly string[]
  /** Null: none. */
  readonly defaultAudience?: string | null
  readonly allow?: readonly string[]
  readonly allowMode?: Client['allowlist']['mode']
  /** Null: none. */
  readonly jwks?: ClientInput['jwks']
  readonly jwksUri?: string | null
  readonly assertionAudience?: Client['assertions']['audience']
  readonly assertionJti?: Client['assertions']['jti']
  readonly tokensPerHour?: number
  readonly tokensPerDay?: number
  readonly quotaMode?: Client['quota']['mode']
}

export interface CreateOptions extends ClientOptions {
  readonly name: string
  readonly environment?: Environment
  readonly org?: string
}

export async function createClient(context: Context, options: CreateOptions): Promise<void> {
  const config = context.config()
  const issuer = context.url ?? config.issuer
  await withAdmin(context, async (admin) => {
    const input = {
      ...inputOf(options),
      grants: [{ audience: options.audience ?? config.apiAudience, scopes: options.scope }],
      ...(options.allow !== undefined && { allowlist: allowlistOf(options) }),
    }
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

/** Fields given by the options; undefined fields stay unchanged. */
function inputOf(options: ClientOptions): ClientInput {
  return {
    name: options.name,
    external_id: options.externalId,
    tags: options.tag,
    token_lifetime_seconds: options.tokenLifetime,
    default_audience: options.defaultAudience,
    jwks: options.jwks,
    jwks_uri: options.jwksUri,
    assertions: assertionsOf(options),
    quota: quotaOf(options),
  }
}

const OFF: Client['allowlist'] = { mode: 'off', cidrs: [] }

/** `--allow` alone also turns enforcement on. What the options leave out stays unchanged. */
function allowlistOf({ allow, allowMode }: ClientOptions, current = OFF): Client['allowlist'] {
  return {
    mode: allowMode ?? (allow === undefined ? current.mode : 'enforce'),
    cidrs: allow ?? current.cidrs,
  }
}

function assertionsOf({
  assertionAudience,
  assertionJti,
}: ClientOptions): ClientInput['assertions'] {
  if (assertionAudience === undefined && assertionJti === undefined) return undefined
  return {
    ...(assertionAudience !== undefined && { audience: assertionAudience }),
    ...(assertionJti !== undefined && { jti: assertionJti }),
  }
}

/** Replaces the whole quota: a limit that is not given is removed. */
function quotaOf({ tokensPerHour, tokensPerDay, quotaMode }: ClientOptions) {
  if (tokensPerHour === undefined && tokensPerDay === undefined) {
    if (quotaMode === undefined) return undefined
    throw new CliError('usage', '--quota-mode needs --tokens-per-hour or --tokens-per-day')
  }
  return {
    mode: quotaMode ?? 'enforce',
    tokens_per_hour: tokensPerHour || null,
    tokens_per_day: tokensPerDay || null,
  }
}

export interface ListOptions {
  readonly search?: string
  readonly tag?: string
  readonly status?: Client['status']
  readonly environment?: Environment
}

export async function listClients(context: Context, options: ListOptions): Promise<void> {
  await withAdmin(context, async (admin) => {
    const clients: ClientView[] = []
    const readPage = (after: string | null) => admin.listClients({ ...options, after, limit: 500 })
    for await (const page of pagesOf(readPage, ({ next }) => next)) clients.push(...page.clients)
    context.output.print({ clients }, () =>
      table(
        ['CLIENT ID', 'NAME', 'ENVIRONMENT', 'STATUS', 'CREATED'],
        clients.map((one) => [
          one.client_id,
          one.name,
          one.environment,
          one.status,
          toSecond(one.created_at),
        ]),
      ),
    )
  })
}

export async function showClient(context: Context, client_id: string): Promise<void> {
  await withAdmin(context, async (admin) => {
    print(context, await admin.getClient(client_id))
  })
}

export async function updateClient(
  context: Context,
  client_id: string,
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
    const current = await admin.getClient(client_id)
    const others = current.grants.filter((grant) => grant.audience !== audience)
    const change = {
      ...input,
      ...(changesGrant && { grants: [...others, { audience, scopes: scope }] }),
      ...(changesAllowlist && { allowlist: allowlistOf(options, current.allowlist) }),
    }
    print(context, await admin.updateClient(client_id, change, current.version))
  })
}

export async function setStatus(
  context: Context,
  client_id: string,
  status: Client['status'],
): Promise<void> {
  await withAdmin(context, async (admin) => {
    const { version } = await admin.getClient(client_id)
    print(context, await admin.updateClient(client_id, { status }, version))
  })
}

export async function revokeTokens(context: Context, client_id: string): Promise<void> {
  await withAdmin(context, async (admin) => {
    const client = await admin.revokeTokens(client_id)
    context.output.print(
      client,
      () => `Revoked all tokens that ${client_id} has. It can get new ones immediately.`,
    )
  })
}

export async function makeResourceServer(
  context: Context,
  client_id: string,
  audiences: readonly string[],
): Promise<void> {
  await onThisMachine(context, async (admin) => {
    print(context, await setResourceServer(client_id, audiences, admin))
  })
}

function print(context: Context, client: ClientView): void {
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
    ['created_at', client.created_at],
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
      : [['tokens revoked', `issued up to ${timeText(client.tokens_revoked_until)}`] as const]),
    ...client.resource_server_for.map((audience) => ['resource server for', audience] as const),
    ...client.keys.map(
      ({ kid, alg, created_at }) => ['key', `${kid}, ${alg}, since ${created_at}`] as const,
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
          `${secret_id}, ${label}, ${expires_at ? `expires ${expires_at}` : 'never expires'}`,
        ] as const,
    ),
  ])
}

/** @param seconds Unix seconds. */
function timeText(seconds: number): string {
  return new Date(seconds * 1000).toISOString()
}
