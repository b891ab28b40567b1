/** The OpenAPI 3.1 document of ModularIoT API, generated from the table of its routes. */

import {
  HEADER_PARAMETERS,
  type HeaderParameter,
  QUERY_PARAMETERS,
  type QueryParameter,
} from './parameters.ts'
import { ROUTES, type Route } from './routes.ts'
import { Failure, ValidationFailure } from './schemas.ts'
import { SCOPES } from './scopes.ts'

const SCOPE_SUMMARIES: Readonly<Record<string, string>> = {
  [SCOPES.write]: 'Report asset data.',
  [SCOPES.read]: 'Read asset data.',
}

export interface OpenApiOptions {
  readonly baseUrl: string
  readonly issuer: string
  /** With `lenient` no header is required. */
  readonly validation: 'strict' | 'lenient'
}

export function apiOpenApi({ baseUrl, issuer, validation }: OpenApiOptions) {
  const paths: Record<string, Record<string, unknown>> = {}
  for (const route of ROUTES) {
    const operations = paths[route.path] ?? {}
    operations[route.method.toLowerCase()] = operationOf(route, validation)
    paths[route.path] = operations
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'ModularIoT API',
      version: '1',
      description:
        'Telemetry of assets. Data belongs to the organization and environment of the token; an asset of another tenant looks like a missing one.',
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

/** Error responses, the same for every route that lists them. */
const FAILURES: Readonly<Record<number, { description: string; schema?: object }>> = {
  400: { description: 'Invalid request.' },
  401: { description: 'Missing or invalid access token (RFC 6750).' },
  403: {
    description: 'The token lacks the scope, or is used from an address that is not allowed.',
  },
  404: { description: 'No such asset.' },
  409: { description: 'This X-Request-Id was used for the same asset with another body.' },
  413: { description: 'The body is too large, as sent or decompressed.' },
  415: { description: 'Unsupported content type or content encoding.' },
  429: { description: 'Too many requests; see Retry-After.' },
  503: {
    description: 'The store is unavailable; see Retry-After, and retry with the same X-Request-Id.',
  },
}

/** Of every route. */
const COMMON_FAILURES = [400, 401, 403, 503] as const

function operationOf(route: Route, validation: OpenApiOptions['validation']) {
  const { operationId, summary, scope, body, answer } = route
  return {
    operationId,
    summary,
    security: [{ accessToken: [scope] }],
    parameters: [
      ...pathParameters(route),
      ...route.query.map(queryParameter),
      ...route.headers.map((name) => headerParameter(name, validation)),
    ],
    ...(body && { requestBody: { required: true, content: contentOf(body) } }),
    responses: {
      200: {
        description: 'Success.',
        ...(body && { headers: { 'Idempotent-Replay': REPLAY } }),
        content: { [answer.type]: { schema: answer.schema } },
      },
      ...Object.fromEntries(
        [...COMMON_FAILURES, ...route.failures].map((status) => [status, failure(status, body)]),
      ),
    },
  }
}

const REPLAY = {
  description: '`true` when everything was already stored, so nothing was stored again.',
  schema: { type: 'string', enum: ['true'] },
}

/** The examples belong to the first media type. */
function contentOf({ content, examples }: NonNullable<Route['body']>) {
  const [first] = Object.keys(content)
  return Object.fromEntries(
    Object.entries(content).map(([type, schema]) => [
      type,
      { schema, ...(type === first && { examples }) },
    ]),
  )
}

function failure(status: number, body: Route['body']) {
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

function pathParameters({ path }: Route) {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    description: 'Percent-encoded.',
    schema: { type: 'string' },
  }))
}

function queryParameter(name: QueryParameter) {
  const { about, schema } = QUERY_PARAMETERS[name]
  return { name, in: 'query', description: about, schema }
}

function headerParameter(name: HeaderParameter, validation: OpenApiOptions['validation']) {
  const { required, about, schema } = HEADER_PARAMETERS[name]
  return {
    name,
    in: 'header',
    required: required && validation === 'strict',
    description: about,
    schema,
  }
}
