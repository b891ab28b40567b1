/** The OpenAPI 3.1 document of the admin API, made from the table of its routes. */

import type { TSchema } from '@modulariot/platform/schema'
import { ProblemSchema } from '../../admin/schemas.ts'
import { ADMIN_SCOPES } from '../../admin/scopes.ts'
import { insteadOfIdempotencyKey, takesIdempotencyKey, takesIfMatch } from './idempotency-key.ts'
import { ADMIN_ROUTES, type AdminRoute } from './routes.ts'

const DESCRIPTION =
  'For clients with an access token, and for persons with the session cookie of this server’s pages. ' +
  'A person names the tenant in Miot-Organization (needed with several) and Miot-Environment ' +
  '(development by default), and has the scopes of its role there.'

export function adminOpenApi(issuer: string) {
  const paths: Record<string, Record<string, unknown>> = {}
  for (const route of ADMIN_ROUTES) {
    const methods = paths[route.path] ?? {}
    methods[route.method.toLowerCase()] = operationOf(route)
    paths[route.path] = methods
  }
  return {
    openapi: '3.1.0',
    info: { title: 'ModularIoT admin API', version: '1', description: DESCRIPTION },
    servers: [{ url: issuer }],
    paths,
    components: {
      securitySchemes: {
        session: { type: 'apiKey', in: 'cookie', name: '__Host-miot_session' },
        admin: {
          type: 'oauth2',
          flows: {
            clientCredentials: {
              tokenUrl: `${issuer}/oauth2/token`,
              scopes: Object.fromEntries(ADMIN_SCOPES.map((scope) => [scope, scope])),
            },
          },
        },
      },
      schemas: { Problem: ProblemSchema },
    },
  }
}

function operationOf(route: AdminRoute) {
  const type = route.ndjson ? 'application/x-ndjson' : 'application/json'
  const content = (schema: TSchema) => ({ content: { [type]: { schema } } })
  return {
    operationId: route.operationId,
    summary: route.summary,
    ...descriptionOf(route),
    security: route.forPersons ? [{ session: [] }] : [{ admin: [route.scope] }, { session: [] }],
    parameters: [...pathParameters(route), ...queryParameters(route), ...headerParameters(route)],
    ...(route.body && { requestBody: { required: true, ...content(route.body) } }),
    responses: {
      [route.status]: { description: 'Success', ...content(route.answer) },
      ...Object.fromEntries(
        PROBLEMS.filter(({ when }) => when?.(route) ?? true).map((problem) => [
          problem.status,
          problemResponse(problem),
        ]),
      ),
    },
  }
}

interface ProblemRow {
  readonly status: number
  readonly code: string
  readonly title: string
  readonly detail: string
  /** The routes that may answer it; default: all. */
  readonly when?: (route: AdminRoute) => boolean
}

const changes = ({ method }: AdminRoute): boolean => method !== 'GET'
const hasBody = ({ body }: AdminRoute): boolean => body !== undefined

// biome-ignore format: one row per line keeps the columns aligned
const PROBLEMS: readonly ProblemRow[] = [
  { status: 400, code: 'invalid_input', title: 'Invalid request', detail: 'unknown query parameter a; known: none' },
  { status: 401, code: 'invalid_token', title: 'Unauthorized', detail: 'The access token has expired' },
  { status: 403, code: 'insufficient_scope', title: 'Forbidden', detail: 'The scope clients:write is required' },
  { status: 404, code: 'not_found', title: 'Not found', detail: 'There is no such client or secret', when: ({ path }) => path.includes('{') },
  { status: 409, code: 'conflict', title: 'Conflicts with the current state', detail: 'Nothing was changed', when: changes },
  { status: 412, code: 'precondition_failed', title: 'Modified since it was read', detail: 'Read it again', when: takesIfMatch },
  { status: 413, code: 'malformed', title: 'Bad request', detail: 'The body is too large', when: hasBody },
  { status: 415, code: 'malformed', title: 'Bad request', detail: 'Send the body as application/json', when: hasBody },
  { status: 429, code: 'too_many_requests', title: 'Too many requests', detail: 'Too many large bodies are arriving; retry, faster or in smaller parts', when: ({ ndjson }) => ndjson === true },
  { status: 500, code: 'internal', title: 'Internal error', detail: 'Unexpected server error; the request is not at fault' },
  { status: 503, code: 'unavailable', title: 'Try again later', detail: 'Nothing was changed' },
]

/** RFC 9457. */
function problemResponse({ status, code, title, detail }: ProblemRow) {
  const type = `urn:modulariot:problem:${code}`
  return {
    description: title,
    content: {
      'application/problem+json': {
        schema: { $ref: '#/components/schemas/Problem' },
        example: { type, title, status, detail, request_id: '0b9c…' },
      },
    },
  }
}

function pathParameters({ path }: AdminRoute) {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }))
}

function queryParameters({ query = {} }: AdminRoute) {
  return Object.entries(query).map(([name, description]) => ({
    name,
    in: 'query',
    description,
    schema: { type: name === 'limit' ? 'integer' : 'string' },
  }))
}

function descriptionOf(route: AdminRoute) {
  const instead = insteadOfIdempotencyKey(route)
  return (
    instead !== null && {
      description: `To make a retry safe, ${instead}. An Idempotency-Key is refused with 400.`,
    }
  )
}

function headerParameters(route: AdminRoute) {
  const names: string[] = []
  if (takesIdempotencyKey(route)) names.push('Idempotency-Key')
  if (takesIfMatch(route)) names.push('If-Match')
  return names.map((name) => ({ name, in: 'header', schema: { type: 'string' } }))
}
