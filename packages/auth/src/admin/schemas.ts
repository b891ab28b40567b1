/**
 * Requests and responses of the admin API, as TypeBox schemas: validated here, published as
 * OpenAPI. Rules that need more than a shape (which scopes an audience has, whether a range is
 * valid) are in clients/.
 */

import { ACCESS_TOKEN_TYPES, ENVIRONMENTS, SIGNING_ALGORITHMS } from '@modulariot/oauth/protocol'
import { compileSchema, type TSchema, Type } from '@modulariot/platform/schema'
import { MANY_CHANGE_ACTIONS, type ManyChangeInput } from '../clients/many-change.ts'
import type { ClientChange, ClientInput } from '../clients/new-client.ts'
import { invalidInput } from '../errors/admin-error.ts'
import {
  LABEL_LENGTH,
  MAX_CHANGED_CLIENTS,
  MAX_CIDRS,
  MAX_GRANTS,
  MAX_KEYS,
  MAX_OVERLAP_SECONDS,
  MAX_SCOPES,
  MAX_TAGS,
  NAME_LENGTH,
} from '../records/client-limits.ts'

export const Nullable = (schema: TSchema) => Type.Union([schema, Type.Null()])
export const Choice = (values: readonly string[]) =>
  Type.Union(values.map((value) => Type.Literal(value)))
export const Closed = { additionalProperties: false }

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
        description:
          'Where the client publishes its keys (RFC 7591 §2): an https: URL, as URL parsers print it.',
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

/** Which members an action takes is checked by `manyChangeOf`. */
export const ManyChangeSchema = Type.Object(
  {
    action: Choice(MANY_CHANGE_ACTIONS),
    client_ids: Type.Array(Type.String({ minLength: 1, maxLength: 100 }), {
      minItems: 1,
      maxItems: MAX_CHANGED_CLIENTS,
      description: 'Each once.',
    }),
    tags: Type.Optional(
      Type.Array(Type.String(), {
        minItems: 1,
        maxItems: MAX_TAGS,
        description: 'Of add_tags and remove_tags.',
      }),
    ),
    overlap_seconds: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: MAX_OVERLAP_SECONDS,
        description: 'Of rotate, which needs it.',
      }),
    ),
    label: Type.Optional(
      Type.String({ maxLength: LABEL_LENGTH.max, description: 'Of rotate: the new secrets’.' }),
    ),
  },
  Closed,
)

export const ManyChangedSchema = Type.Object({
  results: Type.Array(
    Type.Object({
      client_id: Type.String(),
      status: Type.Union(
        ['changed', 'unchanged', 'refused', 'stopped'].map((status) => Type.Literal(status)),
        {
          description:
            'unchanged: it was already so. refused: this client alone. stopped: the last ones, which were not looked at, since the caller lost its authority or the store failed.',
        },
      ),
      secret_id: Type.Optional(Type.String({ description: 'Of rotate.' })),
      client_secret: Type.Optional(
        Nullable(
          Type.String({
            description: 'Of rotate. Returned only once; null when a retry is answered.',
          }),
        ),
      ),
      error: Type.Optional(
        Type.Object(
          { code: Type.String(), message: Type.String() },
          { description: 'Why it was refused or stopped; codes as in the type of a problem.' },
        ),
      ),
    }),
    { description: 'One for each client_id, in order.' },
  ),
})

const SecretView = Type.Object({
  secret_id: Type.String(),
  label: Type.String(),
  hint: Nullable(
    Type.String({
      description: 'Its last four characters; null: an earlier version created it.',
    }),
  ),
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
  Type.Object({ status: Type.Literal('valid') }, { description: 'Of a dry run only.' }),
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
  clients: Type.Array(
    Type.Object({
      ...ClientSchema.properties,
      last_used_at: Nullable(
        Type.String({
          description: 'When it last got a token or authenticated with a secret; null: never.',
        }),
      ),
    }),
  ),
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

const ActorSchema = Type.Union([
  Type.Object({ kind: Type.Literal('operator'), name: Type.String() }),
  Type.Object({ kind: Type.Literal('client'), client_id: Type.String() }),
  Type.Object({ kind: Type.Literal('person'), person_id: Type.String(), email: Type.String() }),
  Type.Object({ kind: Type.Literal('system') }, { description: 'The server itself.' }),
])

export const AuditPageSchema = Type.Object({
  entries: Type.Array(
    Type.Object({
      seq: Type.Integer(),
      at: Type.String(),
      actor: ActorSchema,
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

export const ServerVersionSchema = Type.Object({
  version: Type.String(),
  commit: Nullable(Type.String({ description: 'Full hash; null: not known.' })),
})

export const RetentionSchema = Type.Object({
  activity_days: Type.Integer({ description: 'Refused requests, and counts over time.' }),
  trail_days: Nullable(Type.Integer({ description: 'The audit trail; null: without end.' })),
  telemetry: Nullable(
    Type.Object({
      days: Nullable(Type.Integer({ description: 'Of the organization; null: without end.' })),
      own_days: Nullable(
        Type.Integer({ description: 'Set for the organization; null: the installation’s counts.' }),
      ),
    }),
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

export const ClientUsageSchema = Type.Object({
  client_id: Type.String(),
  name: Type.String(),
  last_used_at: Nullable(
    Type.String({ description: 'The later of the last token and the last use of a secret.' }),
  ),
  last_issued_at: Nullable(Type.String()),
  tokens_issued: Type.Integer(),
  tokens_early: Type.Integer({
    description: 'Requested while the previous token had more than half of its lifetime left.',
  }),
  over_quota: Type.Integer(),
  tokens_valid: Type.Integer(),
  tokens_valid_early: Type.Integer(),
  tokens_per_day: Type.Number(),
  times_needed: Type.Number({ description: '1 for a client that caches its tokens.' }),
  ...SecretUseListSchema.properties,
})

export const LoginAddressListSchema = Type.Object({
  addresses: Type.Array(
    Type.Object({
      address: Type.String(),
      first_seen_at: Type.String(),
      last_seen_at: Type.String(),
      logins: Type.Integer({
        description: 'With the right secret or signature, also those refused for their address.',
      }),
    }),
  ),
  max_addresses: Type.Integer({ description: 'How many are kept, the last ones.' }),
})

export const NextTokenSchema = Type.Object({
  token: Nullable(
    Type.Object({
      header: Type.Object({
        alg: Choice(SIGNING_ALGORITHMS),
        kid: Type.String(),
        typ: Choice(ACCESS_TOKEN_TYPES),
      }),
      claims: Type.Object({}, { description: 'RFC 9068 §2.2, and ours.' }),
      examples: Type.Array(Type.String(), { description: 'Claims that differ in each token.' }),
      expires_in: Type.Integer({ description: 'Seconds, as in the answer to the login.' }),
    }),
  ),
  refusal: Nullable(
    Type.Object(
      {
        kind: Type.String({ description: 'One of the fixed list in docs/operations.md.' }),
        status: Type.Integer(),
        error: Type.String(),
        error_description: Type.String(),
      },
      { description: 'What POST /api/v1/login would answer.' },
    ),
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

/** What `Refusal` (oauth/protocol) has beside its kind and client. */
const RefusalDetailSchema = Type.Object(
  {
    parameters: Type.Optional(Type.Array(Type.String())),
    detail: Type.Optional(Type.String()),
    claim: Type.Optional(Type.String()),
    rule: Type.Optional(Type.String()),
    address: Type.Optional(Type.String()),
    audience: Type.Optional(Type.String()),
    scope: Type.Optional(Type.String()),
    limits: Type.Optional(Type.Array(Type.String())),
    bound: Type.Optional(Type.String()),
    retry_after_seconds: Type.Optional(Type.Number()),
    client_id: Type.Optional(
      Type.String({ description: 'As it was sent, where no client has it.' }),
    ),
  },
  { description: 'What else is known. Which members there are depends on the kind.' },
)

export const RefusalPageSchema = Type.Object({
  refusals: Type.Array(
    Type.Object({
      id: Type.String(),
      at: Type.String(),
      client_id: Nullable(Type.String({ description: 'Null: it named no known client.' })),
      kind: Type.String({ description: 'One of the fixed list in docs/operations.md.' }),
      endpoint: Type.String({ description: 'Method and route.' }),
      status: Type.Integer(),
      detail: RefusalDetailSchema,
      address: Type.String(),
      user_agent: Nullable(Type.String()),
      request_id: Type.String(),
      times: Type.Integer({ description: 'How many refusals like this one it stands for.' }),
    }),
  ),
  next_cursor: Nullable(Type.String()),
})

export const HygieneSchema = Type.Object({
  clients: Type.Integer(),
  never_used: Type.Integer(),
  idle: Type.Integer({ description: 'Last used, or created, more than 90 days ago.' }),
  safe_to_remove: Type.Integer({
    description: 'Idle, and without a refused request in the time for which they are kept.',
  }),
  failing: Type.Integer({ description: 'With a refused request of the last day.' }),
  secret_ends: Type.Integer({ description: 'With a secret that ends within 14 days.' }),
  wasteful: Type.Integer({ description: 'That request tokens long before they need them.' }),
  disabled: Type.Integer(),
})

export const ActivitySchema = Type.Object({
  step_seconds: Type.Integer(),
  steps: Type.Array(
    Type.Object({
      start: Type.String(),
      tokens: Type.Integer(),
      tokens_early: Type.Integer(),
      refusals: Type.Record(Type.String(), Type.Integer(), { description: 'By kind.' }),
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
export function createParser<Value>(schema: TSchema): (value: unknown) => Value {
  let compiled: ReturnType<typeof compileSchema> | null = null
  return (value) => {
    compiled ??= compileSchema(schema)
    if (compiled.Check(value)) return value as Value
    const [, errors] = compiled.Errors(firstOf(value))
    const faults = errors
      // For an unknown member TypeBox also reports that its schema is `false`.
      .filter(({ keyword }) => keyword !== 'boolean')
      .slice(0, 5)
      .map(({ instancePath, message, params }) => {
        const path = instancePath.slice(1).replaceAll('/', '.') || 'the body'
        const unknown = namesIn((params as UnknownMembers).additionalProperties)
        return `${path} ${unknown === '' ? message : `must not have ${unknown}`}`
      })
    throw invalidInput(
      [...new Set(faults)].join('; ') || 'the body must not have additional properties',
    )
  }
}

interface UnknownMembers {
  readonly additionalProperties?: readonly string[]
}

/** Of unknown members, the first that look like names; a secret in the wrong place is longer. */
function namesIn(members: readonly string[] = []): string {
  const names = members.filter((name) => /^[A-Za-z_][\w.-]{0,39}$/.test(name)).slice(0, 3)
  return names.map((name) => `"${name}"`).join(', ')
}

/**
 * More than any list or object of these schemas may hold, so a value cut to this size is still
 * wrong.
 */
const EXPLAINED =
  Math.max(MAX_SCOPES, MAX_GRANTS, MAX_TAGS, MAX_CIDRS, MAX_KEYS, MAX_CHANGED_CLIENTS) + 1

/** TypeBox lists every fault, which takes tens of milliseconds for thousands of them. */
function firstOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.slice(0, EXPLAINED).map(firstOf)
  if (typeof value !== 'object' || value === null) return value
  const members = Object.entries(value).slice(0, EXPLAINED)
  return Object.fromEntries(members.map(([name, member]) => [name, firstOf(member)]))
}

export const parseClientInput = createParser<ClientInput>(NewClientSchema)
export const parseClientChange = createParser<ClientChange>(ClientChangeSchema)
export const parseNewSecret = createParser<{ label?: string; expires_at?: string | null }>(
  NewSecretSchema,
)
export const parseRotation = createParser<{ label?: string; overlap_seconds: number }>(
  RotationSchema,
)
export const parseManyChange = createParser<ManyChangeInput & { client_ids: string[] }>(
  ManyChangeSchema,
)
