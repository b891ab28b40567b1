/** The OpenAPI 3.1 document of the admin API, made from the table of its routes. */

import type { TSchema } from 'typebox'
import { ProblemSchema } from '../../admin/schemas.ts'
import { ADMIN_SCOPES } from '../../admin/scopes.ts'
import { insteadOfIdempotencyKey, takesIdempotencyKey } from './idempotency-key.ts'
import { ADMIN_ROUTES, type AdminRoute } from './routes.ts'

export function adminOpenApi(issuer: string) {
  const paths: Record<string, Record<string, unknown>> = {}
  for (const route of ADMIN_ROUTES) {
    const methods = paths[route.path] ?? {}
    methods[route.method.toLowerCase()] = operationOf(route)
    paths[route.path] = methods
  }
  return {
    openapi: '3.1.0',
    info: { title: 'ModularIoT admin API', version: '1' },
    servers: [{ url: issuer }],
    paths,
    components: {
      securitySchemes: {
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
    security: [{ admin: [route.scope] }],
    parameters: [...pathParameters(route), ...queryParameters(route), ...headerParameters(route)],
    ...(route.body && { requestBody: { required: true, ...content(route.body) } }),
    responses: {
      [route.status]: { description: 'Success', ...content(route.answer) },
      default: {
        description: 'A problem (RFC 9457)',
        content: {
          'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } },
        },
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
  if (route.method === 'PATCH') names.push('If-Match')
  return names.map((name) => ({ name, in: 'header', schema: { type: 'string' } }))
}
