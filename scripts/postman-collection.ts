/**
 * The Postman collection (v2.1) of ModularIoT API, generated from its OpenAPI document: one request
 * per example, so that a user can import it, log in and press Send.
 */

import type { apiOpenApi } from '../packages/api/src/http/openapi.ts'

type Document = ReturnType<typeof apiOpenApi>

interface Parameter {
  readonly name: string
  readonly in: string
  readonly required?: boolean
  readonly description?: string
}

interface Operation {
  readonly operationId: string
  readonly summary: string
  readonly parameters: readonly Parameter[]
  readonly requestBody?: {
    readonly content: Record<string, { examples?: Record<string, Example> }>
  }
}

interface Example {
  readonly summary: string
  readonly value: unknown
}

/** Variables that the user fills in once; the first request sets the token. */
const VARIABLES = {
  baseUrl: 'http://localhost:8080',
  client_id: '',
  client_secret: '',
  audience: 'https://iot.streamhub.cl/v1/asset/track',
  access_token: '',
  asset_id: 'TRUCK-001',
}

export function postmanCollection(document: Document) {
  return {
    info: {
      name: document.info.title,
      description: `${document.info.description}\n\nFill in the collection's variables from quickstart.env, send "Get a token", then any other.`,
      schema: 'https://schema.getpostman.com/json/collection/v2.1.0/collection.json',
    },
    auth: { type: 'bearer', bearer: [{ key: 'token', value: '{{access_token}}', type: 'string' }] },
    variable: Object.entries(VARIABLES).map(([key, value]) => ({ key, value, type: 'string' })),
    item: [
      loginItem(),
      ...Object.entries(document.paths).flatMap(([path, operations]) =>
        Object.entries(operations).flatMap(([method, operation]) =>
          itemsOf(method.toUpperCase(), path, operation as Operation),
        ),
      ),
    ],
  }
}

function loginItem() {
  const names = ['client_id', 'client_secret', 'audience'] as const
  const body = Object.fromEntries(names.map((name) => [name, `{{${name}}}`]))
  return {
    name: 'Get a token',
    event: [
      {
        listen: 'test',
        script: {
          type: 'text/javascript',
          exec: ["pm.collectionVariables.set('access_token', pm.response.json().access_token)"],
        },
      },
    ],
    request: {
      auth: { type: 'noauth' },
      method: 'POST',
      header: [header('Content-Type', 'application/json')],
      body: jsonBody({ ...body, grant_type: 'client_credentials' }),
      url: urlOf('/api/v1/login', []),
    },
  }
}

/** One request, or one for each example of a body. */
function itemsOf(method: string, path: string, operation: Operation) {
  const { summary, parameters, requestBody } = operation
  const [[type, content] = ['', undefined]] = Object.entries(requestBody?.content ?? {})
  const request = (body: object) => ({
    method,
    description: summary,
    header: [
      ...(type === '' ? [] : [header('Content-Type', type)]),
      ...parameters.filter(({ in: place }) => place === 'header').map(headerOf),
    ],
    ...body,
    url: urlOf(path, parameters),
  })
  const examples = Object.values(content?.examples ?? {})
  if (examples.length === 0) return [{ name: summary, request: request({}) }]
  return examples.map((example) => ({
    name: `${method} ${path}: ${example.summary}`,
    request: request({ body: jsonBody(example.value) }),
  }))
}

/** Postman generates these for each request. */
const DYNAMIC: Readonly<Record<string, string>> = {
  'X-Request-Id': '{{$guid}}',
  'X-Request-Timestamp': '{{$timestamp}}',
}

function headerOf({ name, required, description }: Parameter) {
  return { ...header(name, DYNAMIC[name] ?? ''), description, ...(!required && { disabled: true }) }
}

function header(key: string, value: string) {
  return { key, value, type: 'text' }
}

function jsonBody(value: unknown) {
  return {
    mode: 'raw',
    raw: JSON.stringify(value, null, 2),
    options: { raw: { language: 'json' } },
  }
}

/** Query parameters are listed and switched off, as each one filters. */
function urlOf(path: string, parameters: readonly Parameter[]) {
  const segments = path
    .slice(1)
    .replaceAll(/\{(\w+)\}/g, ':$1')
    .split('/')
  const place = (where: string) => parameters.filter((parameter) => parameter.in === where)
  return {
    raw: `{{baseUrl}}/${segments.join('/')}`,
    host: ['{{baseUrl}}'],
    path: segments,
    query: place('query').map(({ name, description }) => ({
      key: name,
      value: '',
      description,
      disabled: true,
    })),
    variable: place('path').map(({ name, description }) => ({
      key: name,
      value: `{{${name}}}`,
      description,
    })),
  }
}
