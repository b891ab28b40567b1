/** The OpenAPI 3.1 document of ModularIoT API, made from the table of its endpoints. */

import type { TSchema } from 'typebox'
import { ENDPOINTS, type Endpoint, QUERY_PARAMETERS } from './routes.ts'
import { Failure, ValidationFailure } from './schemas.ts'
import { SCOPES } from './scopes.ts'

const SCOPE_SUMMARIES: Readonly<Record<string, string>> = {
  [SCOPES.write]: 'Report what assets measured.',
  [SCOPES.read]: 'Read what was reported.',
}

export function apiOpenApi({ baseUrl, issuer }: { baseUrl: string; issuer: string }) {
  const paths: Record<string, Record<string, unknown>> = {}
  for (const endpoint of ENDPOINTS) {
    const operations = paths[endpoint.path] ?? {}
    operations[endpoint.method.toLowerCase()] = operationOf(endpoint)
    paths[endpoint.path] = operations
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'ModularIoT API',
      version: '1',
      description:
        'Telemetry of assets. Data belongs to the organization and environment of the token; another’s asset answers as a missing one does.',
    },
    servers: [{ url: baseUrl }],
    externalDocs: {
      description: 'The admin API of ModularIoT Auth',
      url: `${issuer}/admin/v1/openapi.json`,
    },
    paths,
    components: {
      securitySchemes: {
        accessToken: {
          type: 'oauth2',
          flows: {
            clientCredentials: { tokenUrl: `${issuer}/oauth2/token`, scopes: SCOPE_SUMMARIES },
          },
        },
      },
      schemas: { Error: Failure, ValidationError: ValidationFailure },
    },
  }
}

const ERROR = { $ref: '#/components/schemas/Error' }
const VALIDATION_ERROR = { $ref: '#/components/schemas/ValidationError' }

/** Answers that are the same everywhere; which of them an endpoint has, `failuresOf` says. */
const FAILURES: Readonly<Record<number, { description: string; schema?: object }>> = {
  400: { description: 'The request is not as documented.' },
  401: { description: 'No access token, or one that is not valid here (RFC 6750).' },
  403: { description: 'The token lacks the scope, or comes from an address that is not allowed.' },
  404: { description: 'There is no such asset.' },
  409: { description: 'This X-Request-Id was used with another body.' },
  413: { description: 'The body is too large, as it came or inflated.' },
  415: { description: 'Another content type or content encoding.' },
  429: { description: 'More than can be taken now; see Retry-After.' },
  503: { description: 'The store cannot answer; see Retry-After, and use the same X-Request-Id.' },
}

function operationOf(endpoint: Endpoint) {
  const { operationId, summary, scope, body, answer } = endpoint
  return {
    operationId,
    summary,
    security: [{ accessToken: [scope] }],
    parameters: [
      ...pathParameters(endpoint),
      ...endpoint.query.map(queryParameter),
      ...headerParameters(endpoint),
    ],
    ...(body && { requestBody: { required: true, content: contentOf(body) } }),
    responses: {
      200: {
        description: 'As asked.',
        ...(body && { headers: { 'Idempotent-Replay': REPLAY } }),
        content: { [answer.type]: { schema: answer.schema } },
      },
      ...Object.fromEntries(failuresOf(endpoint).map((status) => [status, failure(status, body)])),
    },
  }
}

const REPLAY = {
  description: '`true` when all of it was kept before: nothing was stored twice.',
  schema: { type: 'string', enum: ['true'] },
}

/** Examples are those of the first media type. */
function contentOf({ content, examples }: NonNullable<Endpoint['body']>) {
  const [first] = Object.keys(content)
  return Object.fromEntries(
    Object.entries(content).map(([type, schema]) => [
      type,
      { schema, ...(type === first && { examples }) },
    ]),
  )
}

/** Of those that send nothing: what is open or read at once is bounded. */
const LIMITED: ReadonlySet<string> = new Set(['streamAssets', 'listMetrics'])

function failuresOf({ body, path, operationId }: Endpoint): number[] {
  const own = body ? [409, 413, 415, 429] : LIMITED.has(operationId) ? [429] : []
  return [400, 401, 403, ...(path.includes('{') ? [404] : []), ...own, 503]
}

function failure(status: number, body: Endpoint['body']) {
  const schema = status === 400 && body ? { anyOf: [VALIDATION_ERROR, ERROR] } : ERROR
  return {
    description: FAILURES[status]?.description,
    ...(status === 401 && { headers: { 'WWW-Authenticate': { schema: { type: 'string' } } } }),
    ...([429, 503].includes(status) && {
      headers: { 'Retry-After': { schema: { type: 'integer' }, description: 'Seconds.' } },
    }),
    content: { 'application/json': { schema } },
  }
}

function pathParameters({ path }: Endpoint) {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    description: 'Percent-encoded.',
    schema: { type: 'string' },
  }))
}

function queryParameter(name: string) {
  const { about, schema } = QUERY_PARAMETERS[name] as { about: string; schema: TSchema }
  return { name, in: 'query', description: about, schema }
}

function headerParameters({ body, operationId }: Endpoint) {
  const header = (name: string, required: boolean, description: string, schema: object) => ({
    name,
    in: 'header',
    required,
    description,
    schema,
  })
  if (operationId === 'streamAssets') {
    const what = 'The id of the last event seen; the stream goes on behind it.'
    return [header('Last-Event-ID', false, what, { type: 'string', pattern: '^[0-9]{1,15}$' })]
  }
  if (body === undefined) return []
  return [
    header('X-Request-Id', true, 'Yours; the same id with the same body is kept once.', {
      type: 'string',
      pattern: '^[\\x21-\\x7e]{1,128}$',
    }),
    header('X-Request-Timestamp', true, 'Unix seconds, fractions allowed.', {
      type: 'string',
      pattern: '^[0-9]{1,12}(\\.[0-9]{1,9})?$',
    }),
    header('Content-Encoding', false, 'The body is compressed.', {
      type: 'string',
      enum: ['gzip'],
    }),
  ]
}
