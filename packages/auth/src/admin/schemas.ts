/**
 * Requests and responses of the admin API, as TypeBox schemas: validated here, published as
 * OpenAPI. Rules that need more than a shape (which scopes an audience has, whether a range is
 * valid) are in clients/.
 */

import { ACCESS_TOKEN_TYPES, ENVIRONMENTS, SIGNING_ALGORITHMS } from '@modulariot/oauth/protocol'
import { parseUniqueJson } from '@modulariot/platform/json'
import Type, { type TSchema } from 'typebox'
import { Compile } from 'typebox/schema'
import type { ClientChange, ClientInput } from '../clients/new-client.ts'
import { invalidInput } from '../errors/admin-error.ts'
import {
  LABEL_LENGTH,
  MAX_CIDRS,
  MAX_GRANTS,
  MAX_KEYS,
  MAX_OVERLAP_SECONDS,
  MAX_SCOPES,
  MAX_TAGS,
  NAME_LENGTH,
} from '../records/client-limits.ts'

const Nullable = (schema: TSchema) => Type.Union([schema, Type.Null()])
const Choice = (values: readonly string[]) => Type.Union(values.map((value) => Type.Literal(value)))
const Closed = { additionalProperties: false }

const GrantInput = Type.Object(
  {
    audience: Type.String(),
    scopes: Type.Optional(Type.Array(Type.String(), { maxItems: MAX_SCOPES })),
  },
  Closed,
)
const Allowlist = Type.Object(
  {
    mode: Choice(['off', 'observe', 'enforce']),
    cidrs: Type.Array(Type.String({ examples: ['203.0.113.0/24'] }), { maxItems: MAX_CIDRS }),
  },
  Closed,
)
const Quota = Type.Object(
  {
    mode: Choice(['observe', 'enforce']),
    tokens_per_hour: Nullable(Type.Integer({ minimum: 1 })),
    tokens_per_day: Nullable(Type.Integer({ minimum: 1 })),
  },
  Closed,
)

const ASSERTION_MEMBERS = {
  audience: Choice(['any', 'issuer']),
  jti: Choice(['required', 'optional']),
}

const KeySet = Type.Object({
  keys: Type.Array(
    Type.Object({}, { description: 'A public JWK (RFC 7517): RSA, EC P-256 or OKP Ed25519.' }),
    { minItems: 1, maxItems: MAX_KEYS },
  ),
})

const clientFields = {
  name: Type.String({ minLength: NAME_LENGTH.min, maxLength: NAME_LENGTH.max }),
  external_id: Type.Optional(Nullable(Type.String({ description: 'Your own id for the client.' }))),
  tags: Type.Optional(Type.Array(Type.String(), { maxItems: MAX_TAGS })),
  token_lifetime_seconds: Type.Optional(Nullable(Type.Integer())),
  grants: Type.Array(GrantInput, { minItems: 1, maxItems: MAX_GRANTS }),
  default_audience: Type.Optional(
    Nullable(
      Type.String({
        description: 'The audience of a token request that names none: one of the grants.',
      }),
    ),
  ),
  jwks: Type.Optional(Nullable(KeySet)),
  jwks_uri: Type.Optional(
    Nullable(
      Type.String({
        description: 'Where the client publishes its keys (RFC 7591 §2): an https: URL.',
      }),
    ),
  ),
  assertions: Type.Optional(Type.Partial(Type.Object(ASSERTION_MEMBERS), Closed)),
  allowlist: Type.Optional(Allowlist),
  quota: Type.Optional(Quota),
}

export const NewClientSchema = Type.Object(clientFields, Closed)

export const ClientChangeSchema = Type.Object(
  {
    ...clientFields,
    name: Type.Optional(clientFields.name),
    grants: Type.Optional(clientFields.grants),
    status: Type.Optional(Choice(['active', 'disabled'])),
  },
  { ...Closed, minProperties: 1 },
)

const Label = Type.Optional(Type.String({ maxLength: LABEL_LENGTH.max }))

export const NewSecretSchema = Type.Object(
  {
    label: Label,
    expires_at: Type.Optional(Nullable(Type.String({ description: 'ISO 8601.' }))),
  },
  Closed,
)

export const RotationSchema = Type.Object(
  {
    label: Label,
    overlap_seconds: Type.Integer({ minimum: 0, maximum: MAX_OVERLAP_SECONDS }),
  },
  Closed,
)

const SecretView = Type.Object({
  secret_id: Type.String(),
  label: Type.String(),
  created_at: Type.String(),
  expires_at: Nullable(Type.String()),
})

const KeyView = Type.Object({
  kid: Type.String(),
  alg: Choice(SIGNING_ALGORITHMS),
  jwk: Type.Object({}, { description: 'The public key.' }),
  created_at: Type.String(),
})

export const ClientSchema = Type.Object({
  client_id: Type.String(),
  name: Type.String(),
  org_id: Type.String(),
  environment: Choice(ENVIRONMENTS),
  status: Choice(['active', 'disabled']),
  external_id: Nullable(Type.String()),
  tags: Type.Array(Type.String()),
  token_lifetime_seconds: Nullable(Type.Integer()),
  grants: Type.Array(Type.Object({ audience: Type.String(), scopes: Type.Array(Type.String()) })),
  default_audience: Nullable(Type.String()),
  secrets: Type.Array(SecretView),
  keys: Type.Array(KeyView),
  jwks_uri: Nullable(Type.String()),
  assertions: Type.Object(ASSERTION_MEMBERS),
  allowlist: Allowlist,
  quota: Quota,
  tokens_revoked_until: Nullable(Type.Integer({ description: 'Unix seconds.' })),
  resource_server_for: Type.Array(Type.String()),
  created_at: Type.String(),
  updated_at: Type.String(),
  version: Type.Integer(),
})

export const CreatedClientSchema = Type.Object({
  client: ClientSchema,
  client_secret: Nullable(
    Type.String({
      description: 'Returned only once; null when a retry is answered, and for a client with keys.',
    }),
  ),
})

/** A line of the response to a bulk request. */
export const BulkResultSchema = Type.Union([
  Type.Object({ status: Type.Literal('created'), ...CreatedClientSchema.properties }),
  Type.Object({ status: Type.Literal('exists'), client: ClientSchema }),
  Type.Object({ status: Type.Literal('refused'), message: Type.String() }),
  Type.Object(
    { status: Type.Literal('stopped'), message: Type.String() },
    {
      description:
        'The last line: the token is no longer authorized. This line and those after it were not processed.',
    },
  ),
])

export const AddedSecretSchema = Type.Object({
  ...CreatedClientSchema.properties,
  secret_id: Type.String(),
})

export const ClientPageSchema = Type.Object({
  clients: Type.Array(ClientSchema),
  next_cursor: Nullable(Type.String()),
})

export const AudienceListSchema = Type.Object({
  audiences: Type.Array(
    Type.Object({
      audience: Type.String(),
      scopes: Type.Array(Type.String()),
      token_lifetime_seconds: Type.Integer(),
      signing_alg: Choice(SIGNING_ALGORITHMS),
      token_typ: Choice(ACCESS_TOKEN_TYPES),
    }),
  ),
})

export const AuditPageSchema = Type.Object({
  entries: Type.Array(
    Type.Object({
      seq: Type.Integer(),
      at: Type.String(),
      actor: Type.Unknown(),
      action: Type.String(),
      target: Type.Object({ type: Type.String(), id: Type.String() }),
      hash: Type.String(),
      before: Type.Unknown({
        description: 'The changed members before; null when something was created.',
      }),
      after: Type.Unknown({ description: 'The changed members after.' }),
    }),
  ),
  next_cursor: Nullable(Type.String()),
})

export const AuditCheckpointSchema = Type.Object({
  checkpoint: Type.String({ description: 'Compact JWS of the five members that follow.' }),
  iss: Type.String(),
  at: Type.String(),
  seq: Type.Integer({ description: 'The newest entry.' }),
  hash: Type.String({ description: 'SHA-256 of the chain up to that entry, hex.' }),
  first_seq: Type.Integer({ description: 'The oldest entry kept.' }),
  kid: Type.String(),
  public_key: Type.Object(
    {},
    { description: 'The Ed25519 key that verifies the checkpoint, as a JWK.' },
  ),
})

export const SecretUseListSchema = Type.Object({
  secrets: Type.Array(
    Type.Object({
      ...SecretView.properties,
      used: Nullable(
        Type.Object({
          uses: Type.Integer(),
          last_used_at: Type.String(),
          address: Type.String(),
          user_agent: Nullable(Type.String()),
        }),
      ),
    }),
  ),
})

export const WastefulClientsSchema = Type.Object({
  clients: Type.Array(
    Type.Object({
      client_id: Type.String(),
      name: Type.String(),
      tokens_issued: Type.Integer(),
      tokens_early: Type.Integer({
        description: 'Requested while the previous token had more than half of its lifetime left.',
      }),
      tokens_valid: Type.Integer(),
      tokens_valid_early: Type.Integer(),
      tokens_per_day: Type.Number(),
      times_needed: Type.Number({ description: '1 for a client that caches its tokens.' }),
      last_issued_at: Nullable(Type.String()),
    }),
  ),
})

/** RFC 9457 §3. */
export const ProblemSchema = Type.Object({
  type: Type.String(),
  title: Type.String(),
  status: Type.Integer(),
  detail: Type.String(),
  request_id: Type.String(),
})

/** @throws AdminError naming the first members that do not match the schema. */
function createParser<Value>(schema: TSchema): (value: unknown) => Value {
  const compiled = Compile(schema)
  return (value) => {
    if (compiled.Check(value)) return value as Value
    const [, errors] = compiled.Errors(firstOf(value))
    const faults = errors
      // For an unknown member TypeBox also reports that its schema is `false`.
      .filter(({ keyword }) => keyword !== 'boolean')
      .slice(0, 5)
      .map(({ instancePath, message }) => {
        const path = instancePath.slice(1).replaceAll('/', '.') || 'the body'
        return `${path} ${message}`
      })
    throw invalidInput(
      [...new Set(faults)].join('; ') || 'the body must not have additional properties',
    )
  }
}

/**
 * More than any list or object of these schemas may hold, so a value cut to this size is still
 * wrong.
 */
const EXPLAINED = Math.max(MAX_SCOPES, MAX_GRANTS, MAX_TAGS, MAX_CIDRS, MAX_KEYS) + 1

/** TypeBox lists every fault, which takes tens of milliseconds for thousands of them. */
function firstOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.slice(0, EXPLAINED).map(firstOf)
  if (typeof value !== 'object' || value === null) return value
  const members = Object.entries(value).slice(0, EXPLAINED)
  return Object.fromEntries(members.map(([name, member]) => [name, firstOf(member)]))
}

/** The same limit as for a client that is created alone. */
const MAX_LINE_LENGTH = 64 * 1024

/**
 * A line of NDJSON as a value; undefined, which no schema accepts, when it is too long or not JSON.
 */
export function parseLine(line: string): unknown {
  if (line.length > MAX_LINE_LENGTH) return undefined
  try {
    return parseUniqueJson(line)
  } catch {
    return undefined
  }
}

export const parseClientInput = createParser<ClientInput>(NewClientSchema)
export const parseClientChange = createParser<ClientChange>(ClientChangeSchema)
export const parseNewSecret = createParser<{ label?: string; expires_at?: string | null }>(
  NewSecretSchema,
)
export const parseRotation = createParser<{ label?: string; overlap_seconds: number }>(
  RotationSchema,
)
