/** The options of `miot clients create`, which are the columns of a CSV file, as a new client. */

import type { ClientInput } from '../clients/new-client.ts'
import { invalidInput } from '../errors/admin-error.ts'
import type { Client } from '../records/client.ts'

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

/** @param audience of a client whose options name none. */
export function newInputOf(options: ClientOptions, audience: string): ClientInput {
  return {
    ...inputOf(options),
    grants: [{ audience: options.audience ?? audience, scopes: options.scope }],
    ...(options.allow !== undefined && { allowlist: allowlistOf(options) }),
  }
}

/** Fields given by the options; undefined fields stay unchanged. */
export function inputOf(options: ClientOptions): ClientInput {
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
export function allowlistOf(
  { allow, allowMode }: ClientOptions,
  current = OFF,
): Client['allowlist'] {
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
    throw invalidInput('--quota-mode needs --tokens-per-hour or --tokens-per-day')
  }
  return {
    mode: quotaMode ?? 'enforce',
    tokens_per_hour: tokensPerHour || null,
    tokens_per_day: tokensPerDay || null,
  }
}
