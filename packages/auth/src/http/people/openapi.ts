/** The OpenAPI 3.1 document of `/people/v1`, made from the table of its routes. */

import { ProblemSchema } from '../../admin/schemas.ts'
import { PEOPLE_ERRORS, type PeopleErrorCode } from '../../people/people-error.ts'
import { PEOPLE_ROUTES, type PeopleRoute } from './routes.ts'

/** @param cookie the name of the session's cookie. */
export function peopleOpenApi(issuer: string, cookie: string) {
  const paths: Record<string, Record<string, unknown>> = {}
  for (const route of PEOPLE_ROUTES) {
    const methods = paths[route.path] ?? {}
    methods[route.method.toLowerCase()] = operationOf(route)
    paths[route.path] = methods
  }
  return {
    openapi: '3.1.0',
    info: { title: 'ModularIoT accounts of persons', version: '1' },
    servers: [{ url: issuer }],
    paths,
    components: {
      securitySchemes: { session: { type: 'apiKey', in: 'cookie', name: cookie } },
      schemas: { Problem: ProblemSchema },
    },
  }
}

function operationOf(route: PeopleRoute) {
  const { operationId, summary, security, body, answers } = route
  return {
    operationId,
    summary,
    tags: ['People'],
    security: security === 'session' ? [{ session: [] }] : [],
    parameters: [...route.path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
      ...{ name, in: 'path', required: true, schema: { type: 'string' } },
    })),
    ...(body && {
      requestBody: { required: true, content: { 'application/json': { schema: body } } },
    }),
    responses: {
      ...Object.fromEntries(
        Object.entries(answers).map(([status, schema]) => [
          status,
          { description: 'Success', content: { 'application/json': { schema } } },
        ]),
      ),
      ...problemResponses(route),
    },
  }
}

interface ProblemRow {
  readonly status: number
  readonly code: string
  readonly title: string
  readonly detail: string
}

const UNAVAILABLE: readonly ProblemRow[] = [
  {
    ...{ status: 500, code: 'internal', title: 'Internal error' },
    detail: 'Unexpected server error; the request is not at fault',
  },
  { status: 503, code: 'unavailable', title: 'Try again later', detail: 'Nothing was changed' },
]

const TOO_LARGE: readonly ProblemRow[] = [
  { status: 413, code: 'malformed', title: 'Bad request', detail: 'The body is too large' },
  {
    ...{ status: 415, code: 'malformed', title: 'Bad request' },
    detail: 'Send the body as application/json',
  },
]

function problemResponses({ body, security, refusals }: PeopleRoute) {
  const codes: PeopleErrorCode[] = ['cross_site', ...refusals]
  if (security === 'session') codes.push('unauthenticated')
  if (body !== undefined) codes.push('invalid_input', 'too_many_requests')
  const rows: ProblemRow[] = codes.map((code) => ({ code, ...PEOPLE_ERRORS[code] }))
  if (body !== undefined) rows.push(...TOO_LARGE)
  rows.push(...UNAVAILABLE)
  const statuses = [...new Set(rows.map(({ status }) => status))]
  return Object.fromEntries(
    statuses.map((status) => [
      status,
      problemResponse(rows.filter((one) => one.status === status)),
    ]),
  )
}

/** RFC 9457. */
function problemResponse(rows: readonly ProblemRow[]) {
  const examples = rows.map(({ status, code, title, detail }) => {
    const type = `urn:modulariot:problem:${code}`
    return [code, { value: { type, title, status, detail, request_id: '0b9c…' } }]
  })
  return {
    description: rows[0]?.title,
    content: {
      'application/problem+json': {
        schema: { $ref: '#/components/schemas/Problem' },
        examples: Object.fromEntries(examples),
      },
    },
  }
}
