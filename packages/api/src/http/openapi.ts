/** The OpenAPI 3.1 document of ModularIoT API, generated from the table of its routes. */

import { reusedRequestId } from '../ingest/ingest.ts'
import {
  HEADER_PARAMETERS,
  type HeaderParameter,
  QUERY_PARAMETERS,
  type QueryParameter,
} from './parameters.ts'
import { type FailureStatus, ROUTES, type Route } from './routes.ts'
import { Failure, ValidationFailure } from './schemas.ts'
import { ERASE_SCOPE, SCOPES } from './scopes.ts'

const SCOPE_SUMMARIES: Readonly<Record<string, string>> = {
  [SCOPES.write]: 'Report asset data.',
  [SCOPES.read]: 'Read asset data.',
  [ERASE_SCOPE]: 'Erase assets.',
}

export interface OpenApiOptions {
  readonly baseUrl: string
  readonly issuer: string
  /** With `lenient` no header is required, and reports may have the flat shape of metrics. */
  readonly validation: 'strict' | 'lenient'
  readonly otherOperations?: OpenApiPart | undefined
}

/** Operations of another server that the document describes too. */
export interface OpenApiPart {
  readonly paths: Readonly<Record<string, Readonly<Record<string, unknown>>>>
  readonly components: {
    readonly securitySchemes: Readonly<Record<string, unknown>>
    readonly schemas: Readonly<Record<string, unknown>>
  }
}

export function apiOpenApi({ baseUrl, issuer, validation, otherOperations }: OpenApiOptions) {
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
    paths: { ...paths, ...otherOperations?.paths },
    components: {
      securitySchemes: {
        accessToken: {
          type: 'oauth2',
          flows: {
            clientCredentials: { tokenUrl: `${issuer}/oauth2/token`, scopes: SCOPE_SUMMARIES },
          },
        },
        ...otherOperations?.components.securitySchemes,
      },
      schemas: {
        ...{ Error: Failure, ValidationError: ValidationFailure },
        ...otherOperations?.components.schemas,
      },
    },
  }
}

/** As the schema of a report. */
const MAX_ASSET_ID_LENGTH = 255

const ERROR = { $ref: '#/components/schemas/Error' }
const VALIDATION_ERROR = { $ref: '#/components/schemas/ValidationError' }

interface FailureRow {
  readonly description: string
  /** The members of its example. */
  readonly message: string
  readonly detail: string
}

/** Error responses, the same for every route that lists them. */
const FAILURES: Readonly<Record<FailureStatus | (typeof COMMON_FAILURES)[number], FailureRow>> = {
  400: {
    description: 'Invalid request.',
    message: 'Unknown query parameter',
    detail: 'This endpoint accepts none',
  },
  401: {
    description: 'Missing or invalid access token (RFC 6750).',
    message: 'Unauthorized',
    detail: 'The access token has expired',
  },
  403: {
    description: 'The token lacks the scope, or is used from an address that is not allowed.',
    message: 'Forbidden',
    detail: 'The scope asset:track:write is required',
  },
  404: { description: 'No such asset.', message: 'Not found', detail: 'No such asset' },
  409: {
    description: 'This X-Request-Id was used for the same asset with another body.',
    message: 'X-Request-Id already used',
    detail: reusedRequestId().detail,
  },
  413: {
    description: 'The body is too large, as sent or decompressed.',
    message: 'Body too large',
    detail: 'The body is larger than 1 MiB',
  },
  415: {
    description: 'Unsupported content type or content encoding.',
    message: 'Unsupported media type',
    detail: 'Send the body as application/json',
  },
  429: {
    description: 'Too many requests; see Retry-After.',
    message: 'Too many requests',
    detail: 'The queue is full; retry later',
  },
  500: {
    description: 'An error of the server.',
    message: 'Internal error',
    detail: 'Unexpected server error; the request is not at fault',
  },
  503: {
    description: 'The store is unavailable; see Retry-After, and retry with the same X-Request-Id.',
    message: 'Try again later',
    detail: 'The store is temporarily unavailable',
  },
}

/** Of every route. */
const COMMON_FAILURES = [400, 401, 403, 500, 503] as const

function operationOf(route: Route, validation: OpenApiOptions['validation']) {
  const { operationId, summary, scope, body, answer } = route
  return {
    operationId,
    summary,
    tags: ['ModularIoT API'],
    security: [{ accessToken: [scope] }],
    parameters: [
      ...pathParameters(route),
      ...route.query.map((name) => queryParameter(name, route)),
      ...route.headers.map((name) => headerParameter(name, validation)),
    ],
    ...(body && { requestBody: { required: true, content: contentOf(body, validation) } }),
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
function contentOf(body: NonNullable<Route['body']>, validation: OpenApiOptions['validation']) {
  const { content, examples } = validation === 'lenient' ? body.lenient : body
  const [first] = Object.keys(content)
  return Object.fromEntries(
    Object.entries(content).map(([type, schema]) => [
      type,
      { schema, ...(type === first && { examples }) },
    ]),
  )
}

function failure(status: keyof typeof FAILURES, body: Route['body']) {
  const { description, message, detail } = FAILURES[status]
  const example = { value: { status: 'error', message, detail } }
  const isValidated = status === 400 && body !== undefined
  return {
    description,
    ...(status === 401 && { headers: { 'WWW-Authenticate': { schema: { type: 'string' } } } }),
    ...([429, 503].includes(status) && {
      headers: { 'Retry-After': { schema: { type: 'integer' }, description: 'Seconds.' } },
    }),
    content: {
      'application/json': {
        schema: isValidated ? { anyOf: [VALIDATION_ERROR, ERROR] } : ERROR,
        examples: isValidated
          ? { validation: VALIDATION_EXAMPLE, error: UNREADABLE_EXAMPLE }
          : { error: example },
      },
    },
  }
}

const VALIDATION_EXAMPLE = {
  value: {
    status: 'validation_error',
    message: 'Request validation failed',
    errors: { 'gps.latitude': 'must be between -90 and 90 degrees' },
  },
}

const UNREADABLE_EXAMPLE = {
  value: { status: 'error', message: 'Invalid JSON', detail: 'The body is not valid JSON' },
}

function pathParameters({ path }: Route) {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    description: 'Percent-encoded; neither `.` nor `..`.',
    schema: { type: 'string', minLength: 1, maxLength: MAX_ASSET_ID_LENGTH },
  }))
}

function queryParameter(name: QueryParameter, { maxLimit }: Route) {
  const { about, schema } = QUERY_PARAMETERS[name]
  const exact = name === 'limit' ? { ...schema, maximum: maxLimit } : schema
  return { name, in: 'query', description: about, schema: exact }
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
