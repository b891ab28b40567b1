/**
 * The operations of ModularIoT Auth for OpenAPI 3.1, made from the table of its routes: login,
 * token, introspection, revocation, the feed and the check for gateways. ModularIoT API publishes
 * them in its document; the admin API has a document of its own.
 */

import { FEED_SCOPE } from '../admin/scopes.ts'
import { loginEndpoint } from './login-endpoint.ts'
import { AUTH_ROUTES, type AuthRoute, type Endpoint } from './routes.ts'
import {
  feedEndpoint,
  introspectionEndpoint,
  revocationEndpoint,
} from './token-management-endpoints.ts'
import { CLAIM_HEADERS, verifyEndpoint } from './verify-endpoint.ts'

interface Operation {
  readonly name: string
  readonly summary: string
  readonly security: readonly object[]
  readonly parameters?: readonly object[]
  /** Of the form, and of the JSON object that is accepted instead. */
  readonly body?: object
  /** A JSON body, or headers alone. */
  readonly answer:
    | { readonly schema: object; readonly example: object }
    | { readonly headers: object }
  readonly failures: (route: AuthRoute) => readonly Failure[]
}

/** A status with one of the errors that it may have. */
type Failure = readonly [status: number, error: string, error_description: string]

export function authOpenApi(issuer: string) {
  const paths: Record<string, Record<string, unknown>> = {}
  for (const route of AUTH_ROUTES) {
    const operation = OPERATIONS.get(route.endpoint)
    if (operation === undefined) continue
    paths[route.path] = { [route.method.toLowerCase()]: operationOf(route, operation, issuer) }
  }
  return {
    paths,
    components: {
      securitySchemes: {
        clientSecret: {
          type: 'http',
          scheme: 'basic',
          description:
            'client_id and client_secret. Both may be in the body instead, and a client with keys sends client_assertion.',
        },
        anyToken: {
          type: 'http',
          scheme: 'bearer',
          description: 'The access token that the gateway has received.',
        },
        feedToken: {
          type: 'oauth2',
          description: `A token for the audience ${issuer}/oauth2/revocations.`,
          flows: {
            clientCredentials: {
              tokenUrl: `${issuer}/oauth2/token`,
              scopes: { [FEED_SCOPE]: 'Follow the feed.' },
            },
          },
        },
      },
      schemas: { OAuthError },
    },
  }
}

const text = (description: string, more: object = {}) => ({ type: 'string', description, ...more })
const seconds = (description: string) => ({ type: 'integer', description })

const OAuthError = {
  type: 'object',
  required: ['error', 'error_description'],
  properties: {
    error: text('A code of RFC 6749 §5.2.'),
    error_description: text('What is wrong; not for programs.'),
  },
}

const CLIENT_PARAMETERS = {
  client_id: text('The client.'),
  client_secret: text('Its secret; here or as HTTP Basic, not both.'),
  client_assertion: text('Instead of a secret, from a client with keys (RFC 7523).'),
  client_assertion_type: text('Beside client_assertion.', {
    enum: ['urn:ietf:params:oauth:client-assertion-type:jwt-bearer'],
  }),
}

const TOKEN_BODY = {
  type: 'object',
  required: ['grant_type'],
  properties: {
    grant_type: text('The only grant.', { enum: ['client_credentials'] }),
    ...CLIENT_PARAMETERS,
    audience: text('The API that the token is for.'),
    resource: text('The standard name of audience (RFC 8707).'),
    scope: text('Fewer scopes than granted, separated by spaces.'),
  },
}

const TOKEN_ANSWER = {
  schema: {
    type: 'object',
    required: ['access_token', 'token_type', 'expires_in', 'refresh_in', 'scope'],
    properties: {
      access_token: text('A JWT (RFC 9068).'),
      token_type: text('How to send it.', { enum: ['Bearer'] }),
      expires_in: seconds('Seconds until it expires.'),
      refresh_in: seconds('Seconds after which to request the next one.'),
      scope: text('The granted scopes, separated by spaces.'),
    },
  },
  example: {
    access_token: 'eyJhbGciOiJSUzI1NiIs…',
    token_type: 'Bearer',
    expires_in: 86_400,
    refresh_in: 62_018,
    scope: 'asset:track:write asset:track:read',
  },
}

const MANAGEMENT_BODY = {
  type: 'object',
  required: ['token'],
  properties: {
    token: text('The token in question.'),
    token_type_hint: text('Accepted and ignored.'),
    ...CLIENT_PARAMETERS,
  },
}

const INTROSPECTION_ANSWER = {
  schema: {
    type: 'object',
    required: ['active'],
    properties: {
      active: { type: 'boolean', description: 'False for every token that is not valid here.' },
      token_type: text('Bearer.'),
      ...Object.fromEntries(
        ['iss', 'sub', 'aud', 'jti', 'client_id', 'scope', 'org_id', 'environment'].map((name) => [
          name,
          text('As in the token; `scope` is what the client still has.'),
        ]),
      ),
      exp: seconds('Unix seconds.'),
      iat: seconds('Unix seconds.'),
      allowed_addresses: {
        type: 'array',
        items: { type: 'string' },
        description: 'Where the token may be used; absent: everywhere.',
      },
    },
  },
  example: { active: false },
}

const FEED_ANSWER = {
  schema: {
    type: 'object',
    required: ['revocations', 'cursor', 'more'],
    properties: {
      revocations: {
        type: 'array',
        items: {
          type: 'object',
          required: ['kind', 'expires'],
          properties: {
            kind: text('What is revoked.', { enum: ['token', 'client', 'key'] }),
            jti: text('Of a token.'),
            client_id: text('Of a client.'),
            issued_until: seconds('Its tokens with this `iat` or an earlier one. Unix seconds.'),
            kid: text('Of a key.'),
            expires: seconds('When the entry may be forgotten. Unix seconds.'),
          },
        },
      },
      cursor: text('Send it as since.'),
      more: { type: 'boolean', description: 'Whether to ask again at once.' },
    },
  },
  example: {
    revocations: [{ kind: 'token', jti: '5f0c…', expires: 1_767_409_445 }],
    cursor: '42.9f86d081884c7d65',
    more: false,
  },
}

const COMMON: readonly Failure[] = [
  [500, 'server_error', 'Unexpected server error; the request is not at fault'],
  [503, 'temporarily_unavailable', 'Temporarily unavailable'],
]

const OF_BODIES: readonly Failure[] = [
  [413, 'invalid_request', 'The body is larger than 16 KiB'],
  [
    415,
    'invalid_request',
    'Send the parameters as application/x-www-form-urlencoded or application/json',
  ],
  [429, 'temporarily_unavailable', 'Too many failed attempts from this address; try again in 12 s'],
]

const NOT_ALLOWED: Failure = [403, 'access_denied', 'Client is not allowed from this address']

const tokenFailures = ({ config }: AuthRoute): readonly Failure[] => [
  [400, 'invalid_request', 'Missing required parameter: grant_type'],
  [400, 'unsupported_grant_type', 'grant_type must be client_credentials'],
  ...(config?.face === 'documented'
    ? ([
        [401, 'access_denied', 'Unauthorized'],
        [403, 'access_denied', 'Client is not authorized to access the audience'],
      ] as const)
    : ([
        [400, 'invalid_target', 'Client is not authorized to access the audience'],
        [400, 'invalid_scope', 'Client requests a scope it is not granted'],
        [401, 'invalid_client', 'Client authentication failed'],
      ] as const)),
  NOT_ALLOWED,
  ...OF_BODIES,
  ...COMMON,
]

const managementFailures = (): readonly Failure[] => [
  [400, 'invalid_request', 'Missing required parameter: token'],
  [401, 'invalid_client', 'Client authentication failed'],
  NOT_ALLOWED,
  ...OF_BODIES,
  ...COMMON,
]

const CLIENT = [{ clientSecret: [] }, {}]

const OPERATIONS: ReadonlyMap<Endpoint, Operation> = new Map<Endpoint, Operation>([
  [
    loginEndpoint,
    {
      ...{ name: 'requestToken', summary: 'Get an access token (client credentials)' },
      ...{ security: CLIENT, body: TOKEN_BODY, answer: TOKEN_ANSWER, failures: tokenFailures },
    },
  ],
  [
    introspectionEndpoint,
    {
      ...{ name: 'introspectToken', summary: 'Ask whether a token is valid (RFC 7662)' },
      ...{ security: CLIENT, body: MANAGEMENT_BODY, answer: INTROSPECTION_ANSWER },
      failures: managementFailures,
    },
  ],
  [
    revocationEndpoint,
    {
      ...{ name: 'revokeToken', summary: 'Revoke a token of the client (RFC 7009)' },
      ...{ security: CLIENT, body: MANAGEMENT_BODY },
      answer: { schema: { type: 'object' }, example: {} },
      failures: managementFailures,
    },
  ],
  [
    feedEndpoint,
    {
      ...{ name: 'followRevocations', summary: 'Follow the revocations, by long polling' },
      security: [{ feedToken: [FEED_SCOPE] }],
      parameters: [
        {
          ...{ name: 'since', in: 'query', description: 'cursor of the previous page.' },
          schema: { type: 'string' },
        },
        {
          ...{ name: 'wait', in: 'query', description: 'Seconds to wait for a revocation.' },
          schema: { type: 'integer', minimum: 0, maximum: 60, default: 0 },
        },
      ],
      answer: FEED_ANSWER,
      failures: () => [
        [400, 'invalid_request', 'wait must be a whole number of seconds from 0 to 60'],
        [401, 'invalid_token', 'The access token is not valid here'],
        [403, 'insufficient_scope', `The scope ${FEED_SCOPE} is required`],
        ...COMMON,
      ],
    },
  ],
  [
    verifyEndpoint,
    {
      ...{
        name: 'verifyToken',
        summary: 'Check a token for a gateway, which reads only the status',
      },
      security: [{ anyToken: [] }],
      parameters: [
        {
          ...{ name: 'audience', in: 'query', required: true, schema: { type: 'string' } },
          description: 'The API that the gateway protects.',
        },
        {
          ...{ name: 'scope', in: 'query', schema: { type: 'string' } },
          description: 'Scopes that the token must have, separated by spaces.',
        },
      ],
      answer: {
        headers: Object.fromEntries(
          Object.entries(CLAIM_HEADERS).map(([name, claim]) => [
            name,
            { schema: { type: 'string' }, description: `The claim ${claim} of the token.` },
          ]),
        ),
      },
      failures: () => [
        [400, 'invalid_request', 'audience is required, once: the API that the gateway protects'],
        [401, 'invalid_token', 'The access token is not valid here'],
        [403, 'insufficient_scope', 'The scope meters:read is required'],
        ...COMMON,
      ],
    },
  ],
])

function operationOf(route: AuthRoute, operation: Operation, issuer: string) {
  const { name, summary, security, parameters = [], body, answer } = operation
  const failures = operation.failures(route)
  const statuses = [...new Set(failures.map(([status]) => status))]
  return {
    operationId: `${name}At${route.path.replaceAll(/\W+(\w)/g, (_, letter) => letter.toUpperCase())}`,
    summary,
    tags: ['ModularIoT Auth'],
    servers: [{ url: issuer }],
    security,
    parameters,
    ...(body && {
      requestBody: {
        required: true,
        content: {
          'application/x-www-form-urlencoded': { schema: body },
          'application/json': { schema: body },
        },
      },
    }),
    responses: {
      200: {
        description: 'Success.',
        ...('headers' in answer ? answer : { content: { 'application/json': answer } }),
      },
      ...Object.fromEntries(statuses.map((status) => [status, responseOf(status, failures)])),
    },
  }
}

const DESCRIPTIONS: Readonly<Record<number, string>> = {
  400: 'A parameter is missing or malformed, or not granted.',
  401: 'The client or the token is not accepted.',
  403: 'Not granted, or not from this address.',
  413: 'The body is too large.',
  415: 'Unsupported content type.',
  429: 'Too many failures, or the quota is used up; see Retry-After.',
  500: 'An error of the server.',
  503: 'The store is unavailable; see Retry-After.',
}

function responseOf(status: number, failures: readonly Failure[]) {
  const examples = failures
    .filter(([one]) => one === status)
    .map(([, error, error_description], index) => [
      `${error}_${index + 1}`,
      { value: { error, error_description } },
    ])
  return {
    description: DESCRIPTIONS[status],
    ...([429, 503].includes(status) && {
      headers: { 'Retry-After': { schema: { type: 'integer' }, description: 'Seconds.' } },
    }),
    content: {
      'application/json': {
        schema: { $ref: '#/components/schemas/OAuthError' },
        examples: Object.fromEntries(examples),
      },
    },
  }
}
