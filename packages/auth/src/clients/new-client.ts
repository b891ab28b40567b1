/** The rules of a client document, for new clients and for changes. */

import { ENVIRONMENTS, type Environment } from '@modulariot/oauth/protocol'
import { invalidInput } from '../errors/admin-error.ts'
import { digestKeyId } from '../keys/digest-keys.ts'
import { type Audience, assertTokenLifetime } from '../records/audience.ts'
import {
  type Allowlist,
  type AssertionPolicy,
  type Client,
  DEFAULT_ASSERTION_POLICY,
  type Grant,
  type Quota,
  type StoredSecret,
  type Tenant,
} from '../records/client.ts'
import {
  LABEL_LENGTH,
  MAX_EXTERNAL_ID_LENGTH,
  MAX_GRANTS,
  MAX_TAG_LENGTH,
  MAX_TAGS,
  NAME_LENGTH,
} from '../records/client-limits.ts'
import { assertPlainChange, assertPlainText } from '../text/plain-text.ts'
import { assertAllowlist } from './allowlist.ts'
import { type ClientKeySet, clientKeysOf } from './client-key.ts'
import { assertJwksUri } from './jwks-uri.ts'
import { createId, createSecret, digestSecret, hintOf } from './secret.ts'

/**
 * The members that can be set on a client. One that is left out gets its default, or keeps its
 * value in a change.
 */
export interface ClientInput {
  readonly name?: string | undefined
  readonly external_id?: string | null | undefined
  readonly tags?: readonly string[] | undefined
  readonly token_lifetime_seconds?: number | null | undefined
  /** Without `scopes`, a grant covers every scope of the audience. */
  readonly grants?:
    | readonly { audience: string; scopes?: readonly string[] | undefined }[]
    | undefined
  /** One of the grants; null: none. */
  readonly default_audience?: string | null | undefined
  readonly allowlist?: Allowlist | undefined
  /** Replaces all keys; null removes them. A new client that brings keys gets no secret. */
  readonly jwks?: ClientKeySet | null | undefined
  /** In place of `jwks`; null: none. A new client with one gets no secret. */
  readonly jwks_uri?: string | null | undefined
  /** What is left out of it keeps its value. */
  readonly assertions?: Partial<AssertionPolicy> | undefined
  readonly quota?: Quota | undefined
}

export type ClientChange = ClientInput & { readonly status?: Client['status'] | undefined }

const EXTERNAL_ID = new RegExp(String.raw`^[\x21-\x7e]{1,${MAX_EXTERNAL_ID_LENGTH}}$`)
const TAG = new RegExp(String.raw`^[\w.:/@-]{1,${MAX_TAG_LENGTH}}$`)

/**
 * A client ready to be stored, and the secret to be shown once; null: the client brings its own
 * keys.
 */
export interface Registration {
  readonly client: Client
  readonly client_secret: string | null
}

interface NewClientDeps {
  readonly digestKey: Uint8Array
  /** Unix milliseconds. */
  readonly now: number
}

/**
 * A new client, with a first secret unless it brings keys.
 *
 * @param audiences all that exist.
 * @throws AdminError naming what to change.
 */
export function newClient(
  input: ClientInput & { readonly jwks?: undefined; readonly jwks_uri?: undefined },
  tenant: Tenant,
  audiences: readonly Audience[],
  deps: NewClientDeps,
): Registration & { readonly client_secret: string }
export function newClient(
  input: ClientInput,
  tenant: Tenant,
  audiences: readonly Audience[],
  deps: NewClientDeps,
): Registration
export function newClient(
  input: ClientInput,
  tenant: Tenant,
  audiences: readonly Audience[],
  deps: NewClientDeps,
): Registration {
  if (!ENVIRONMENTS.includes(tenant.environment)) {
    throw invalidInput(`environment must be one of ${ENVIRONMENTS.join(', ')}`)
  }
  const at = new Date(deps.now).toISOString()
  const blank: Client = {
    client_id: createId('client'),
    name: '',
    org_id: tenant.org_id,
    environment: tenant.environment,
    status: 'active',
    external_id: null,
    tags: [],
    token_lifetime_seconds: null,
    grants: [],
    default_audience: null,
    secrets: [],
    keys: [],
    jwks_uri: null,
    assertions: DEFAULT_ASSERTION_POLICY,
    allowlist: { mode: 'off', cidrs: [] },
    quota: { mode: 'observe', tokens_per_hour: null, tokens_per_day: null },
    tokens_revoked_until: null,
    resource_server_for: [],
    created_at: at,
    updated_at: at,
    version: 1,
  }
  const client = withInput(blank, input, audiences, deps.now)
  if (client.keys.length > 0 || client.jwks_uri !== null) return { client, client_secret: null }
  const { secret, client_secret } = newSecret(tenant.environment, 'first', null, deps)
  return { client: { ...client, secrets: [secret] }, client_secret }
}

/** A new secret, in its stored form and in the form that is shown once. */
export function newSecret(
  environment: Environment,
  label: string,
  expires_at: string | null,
  deps: NewClientDeps,
): { secret: StoredSecret; client_secret: string } {
  assertPlainText('label', label, LABEL_LENGTH)
  const client_secret = createSecret(environment)
  const secret = {
    secret_id: createId('secret'),
    label,
    hint: hintOf(client_secret),
    digest: digestSecret(client_secret, deps.digestKey),
    digest_key: digestKeyId(deps.digestKey),
    created_at: new Date(deps.now).toISOString(),
    expires_at,
  }
  return { secret, client_secret }
}

/**
 * The client with the input applied and validated.
 *
 * @param now Unix milliseconds.
 * @throws AdminError naming what to change.
 */
export function withInput(
  client: Client,
  input: ClientInput,
  audiences: readonly Audience[],
  now: number,
): Client {
  const grants = input.grants === undefined ? client.grants : validGrants(input.grants, audiences)
  const changed: Client = {
    ...client,
    name: input.name?.trim() ?? client.name,
    external_id: input.external_id === undefined ? client.external_id : input.external_id,
    tags: [...new Set(input.tags ?? client.tags)],
    token_lifetime_seconds:
      input.token_lifetime_seconds === undefined
        ? client.token_lifetime_seconds
        : input.token_lifetime_seconds,
    grants,
    default_audience: defaultAudience(client, input, grants),
    keys: changedKeys(client, input, now),
    jwks_uri: input.jwks_uri === undefined ? client.jwks_uri : input.jwks_uri,
    assertions: { ...client.assertions, ...input.assertions },
    allowlist: input.allowlist ?? client.allowlist,
    quota: input.quota ?? client.quota,
  }
  assertPlainChange('name', changed.name, client.name, NAME_LENGTH)
  if (typeof input.jwks_uri === 'string') assertJwksUri(input.jwks_uri)
  assertClient(changed)
  return changed
}

function changedKeys(client: Client, { jwks }: ClientInput, now: number): Client['keys'] {
  if (jwks === undefined) return client.keys
  return jwks === null ? [] : clientKeysOf(jwks, client.keys, now)
}

/** A default that is not set anew goes with its grant. */
function defaultAudience(
  { default_audience: current }: Client,
  { default_audience: wanted }: ClientInput,
  grants: readonly Grant[],
): string | null {
  const isGranted = (name: string) => grants.some(({ audience }) => audience === name)
  if (wanted === undefined) return current !== null && isGranted(current) ? current : null
  if (wanted !== null && !isGranted(wanted)) {
    throw invalidInput('default_audience must be the audience of one of the grants, or null')
  }
  return wanted
}

function assertClient({ external_id, tags, token_lifetime_seconds, ...client }: Client): void {
  if (external_id !== null && !EXTERNAL_ID.test(external_id)) {
    throw invalidInput(
      `external_id must be 1 to ${MAX_EXTERNAL_ID_LENGTH} visible ASCII characters`,
    )
  }
  assertTags(tags)
  if (token_lifetime_seconds !== null) assertTokenLifetime(token_lifetime_seconds)
  if (client.grants.length === 0) throw invalidInput('a client needs at least one audience')
  if (client.jwks_uri !== null && client.keys.length > 0) {
    throw invalidInput('a client has either jwks or jwks_uri (RFC 7591 §2); set the other to null')
  }
  assertAllowlist(client.allowlist)
  assertQuota(client.quota)
}

/** @throws AdminError `invalid_input`. */
export function assertTags(tags: readonly string[]): void {
  if (tags.length <= MAX_TAGS && tags.every((tag) => TAG.test(tag))) return
  throw invalidInput(`tags must be at most ${MAX_TAGS}, each of letters, digits and _ . : / @ -`)
}

function assertQuota({ mode, tokens_per_hour, tokens_per_day }: Quota): void {
  if (!['observe', 'enforce'].includes(mode))
    throw invalidInput('quota.mode must be observe or enforce')
  for (const bound of [tokens_per_hour, tokens_per_day]) {
    if (bound !== null && (!Number.isInteger(bound) || bound < 1)) {
      throw invalidInput('quota bounds must be whole numbers from 1, or null')
    }
  }
}

function validGrants(
  grants: NonNullable<ClientInput['grants']>,
  audiences: readonly Audience[],
): Grant[] {
  if (grants.length > MAX_GRANTS) throw invalidInput(`a client has at most ${MAX_GRANTS} audiences`)
  const names = grants.map(({ audience }) => audience)
  if (new Set(names).size < names.length) throw invalidInput('grants must name each audience once')
  return grants.map((grant) => validGrant(grant, audiences))
}

function validGrant(
  grant: { audience: string; scopes?: readonly string[] | undefined },
  audiences: readonly Audience[],
): Grant {
  const audience = audiences.find((candidate) => candidate.audience === grant.audience)
  if (audience === undefined) {
    const known = audiences.map((candidate) => candidate.audience).join(', ')
    throw invalidInput(`there is no audience ${grant.audience}; known: ${known || 'none'}`)
  }
  const scopes = [...new Set(grant.scopes ?? audience.scopes)]
  if (scopes.length === 0) throw invalidInput('a grant needs at least one scope')
  const unknown = scopes.find((scope) => !audience.scopes.includes(scope))
  if (unknown !== undefined) {
    throw invalidInput(
      `${grant.audience} has no scope ${unknown}; known: ${audience.scopes.join(', ')}`,
    )
  }
  return { audience: grant.audience, scopes }
}
