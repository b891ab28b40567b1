/**
 * `GET /openapi.json` matches the API: the tests validate every response against the schema of its
 * operation and status, and send every example of the document.
 */

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { Validator } from '@seriousme/openapi-schema-validator'
import { Compile } from 'typebox/schema'
import { type Answer, type Connection, openConnection } from './support/connection.ts'
import { routeTable } from './support/route-table.ts'
import { type RunningServer, startServer } from './support/running-server.ts'
import { accessToken, createClient } from './support/token-requests.ts'
import { get, report, track, trackBatch } from './support/track-requests.ts'

interface Operation {
  readonly operationId: string
  readonly security: readonly Record<string, readonly string[]>[]
  readonly parameters: readonly { name: string; in: string; required?: boolean; schema: object }[]
  readonly requestBody?: { content: Record<string, Content> }
  readonly responses: Record<string, { description: string; content: Record<string, Content> }>
}

const AUTH_PATHS = [
  '/api/v1/login',
  '/oauth2/token',
  '/oauth2/introspect',
  '/oauth2/revoke',
  '/oauth2/revocations',
  '/oauth2/verify',
]

interface Content {
  readonly schema: object
  readonly example?: unknown
  readonly examples?: Record<string, { summary: string; value: unknown }>
}

interface Document {
  readonly openapi: string
  readonly paths: Record<string, Record<string, Operation>>
  readonly components: { readonly schemas: Record<string, object> }
}

let server: RunningServer
let connection: Connection
let token: string
let document: Document

before(async () => {
  server = await startServer()
  connection = openConnection(server.url)
  // Erasing has a scope that the quick start's client does not have.
  const { audience } = server.credentials
  const scopes = ['asset:track:write', 'asset:track:read', 'asset:track:delete']
  await server.miot(['audiences', 'update', audience, '--add-scope', 'asset:track:delete'])
  token = await accessToken(connection, await createClient(server, '--scope', ...scopes))
  const answer = await connection.send({ method: 'GET', path: '/openapi.json' })
  assert.equal(answer.status, 200)
  document = answer.json() as unknown as Document
})
after(async () => {
  connection.close()
  await server.stop()
})

function operation(path: string, method = 'get'): Operation {
  const found = document.paths[path]?.[method]
  assert.ok(found, `${method} ${path} is documented`)
  return found
}

/** The schema with every reference resolved. */
function resolved(schema: object, schemas = document.components.schemas): object {
  return JSON.parse(JSON.stringify(schema), (_key, node) => {
    const name = /^#\/components\/schemas\/(\w+)$/.exec(node?.$ref ?? '')?.[1]
    return name === undefined ? node : schemas[name]
  })
}

function assertFits(schema: object, value: unknown, what: string): void {
  const [, errors] = Compile(resolved(schema)).Errors(value)
  assert.deepEqual(errors.slice(0, 3), [], `${what}: ${JSON.stringify(value).slice(0, 500)}`)
}

function assertDocumented({ operationId, responses }: Operation, answer: Answer): void {
  const response = responses[answer.status]
  assert.ok(response, `${operationId} documents ${answer.status}`)
  const [[type, content] = []] = Object.entries(response.content)
  assert.ok(type !== undefined && content !== undefined)
  assert.ok(String(answer.headers['content-type']).startsWith(type))
  assertFits(content.schema, answer.json(), `${operationId} ${answer.status}`)
}

describe('the document', () => {
  it('is OpenAPI 3.1 and names every operation once', () => {
    assert.equal(document.openapi, '3.1.0')
    const ids = Object.values(document.paths).flatMap((operations) =>
      Object.values(operations).map(({ operationId }) => operationId),
    )
    assert.equal(new Set(ids).size, ids.length)
    assert.ok(ids.length >= 9)
  })

  it('has every route of the API, those of Auth, and no others', async () => {
    const routes = await routeTable(server.url, server.credentials.audience)
    const isDocumented = (url: string) => url.startsWith('/v1/') || url in document.paths
    const served = routes
      .filter(({ url, method }) => isDocumented(url) && ['GET', 'POST', 'DELETE'].includes(method))
      .map(({ method, url }) => `${method} ${url.replaceAll(/:(\w+)/g, '{$1}')}`)
    const documented = Object.entries(document.paths).flatMap(([path, operations]) =>
      Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
    )
    assert.ok(documented.every((name) => served.includes(name)))
    for (const path of AUTH_PATHS) assert.ok(path in document.paths, path)
    for (const name of served.filter((one) => !documented.includes(one))) {
      const [method = '', path = ''] = name.split(' ')
      const answer = await connection.send({ method, path: path.replaceAll(/[{}]/g, '') })
      assert.equal(answer.status, 405, name)
    }
  })

  it('is valid, and so are those of the admin API and of persons', async () => {
    for (const path of ['/openapi.json', '/admin/v1/openapi.json', '/people/v1/openapi.json']) {
      const answer = await connection.send({ method: 'GET', path })
      const validator = new Validator()
      const { valid, errors } = await validator.validate(JSON.parse(answer.text))
      assert.ok(valid, `${path}: ${JSON.stringify(errors)}`)
      assert.equal(validator.version, '3.1')
    }
  })

  it('lists the errors of every operation, each with an example that matches its schema', async () => {
    for (const path of ['/openapi.json', '/admin/v1/openapi.json']) {
      const answer = await connection.send({ method: 'GET', path })
      const { paths, components } = JSON.parse(answer.text) as Document
      for (const one of Object.values(paths).flatMap((methods) => Object.values(methods))) {
        const failures = Object.entries(one.responses).filter(([status]) => status >= '400')
        const statuses = failures.map(([status]) => status)
        for (const status of ['400', '401', '403', '500', '503']) {
          assert.ok(statuses.includes(status), `${one.operationId} ${status}`)
        }
        for (const [status, { description, content }] of failures) {
          assert.ok(description)
          const [{ schema, example, examples = {} } = { schema: {} }] = Object.values(content)
          const values = [example, ...Object.values(examples).map(({ value }) => value)]
          const shown = values.filter((value) => value !== undefined)
          assert.ok(shown.length > 0, `${one.operationId} ${status}`)
          for (const value of shown) {
            const [, errors] = Compile(resolved(schema, components.schemas)).Errors(value)
            assert.deepEqual(errors, [], `${one.operationId} ${status}`)
          }
        }
      }
    }
  })

  it('says exactly which parameters are accepted', async () => {
    for (const [path, methods] of Object.entries(document.paths)) {
      for (const { parameters } of Object.values(methods)) {
        const limit = parameters.find(({ name }) => name === 'limit')
        if (limit === undefined) continue
        const { maximum } = limit.schema as { maximum: number }
        const url = path.replace('{asset_id}', 'MISSING')
        // The latest value of each key has no limit.
        const key = path.endsWith('/metrics') ? 'key=engine.rpm&' : ''
        const status = async (value: number) =>
          (await get(connection, token, `${url}?${key}limit=${value}`)).status
        assert.notEqual(await status(maximum), 400, path)
        assert.equal(await status(maximum + 1), 400, path)
      }
    }
    const { schema } = operation('/v1/events').parameters.find(({ name }) => name === 'from') ?? {}
    const { pattern } = schema as { pattern: string }
    for (const from of [
      ...['2026-01-15T12:00:00Z', '2026-01-15T12:00Z', '2026-01-15T12:00:00.123456789-03:00'],
      ...['2026-01-15', '2026-01-15T12:00:00', '2026-01-15T12:00:00+0000', '1768478400'],
      ...['2026-01-15t12:00:00z', '2026-01-15 12:00:00Z', '2026-01-15T12:00:00.1234567890Z'],
    ]) {
      const query = `?from=${encodeURIComponent(from)}`
      const { status } = await get(connection, token, `/v1/events${query}`)
      assert.equal(status, new RegExp(pattern, 'u').test(from) ? 200 : 400, from)
    }
  })

  it('has the parameters of the paths', () => {
    for (const [path, operations] of Object.entries(document.paths)) {
      const names = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1])
      for (const { parameters } of Object.values(operations)) {
        const inPath = parameters.filter((parameter) => parameter.in === 'path')
        assert.deepEqual(
          inPath.map(({ name, required }) => [name, required]),
          names.map((name) => [name, true]),
        )
      }
    }
  })
})

describe('the examples', () => {
  it('match their schema, and are accepted', async () => {
    for (const path of ['/v1/asset/track', '/v1/asset/track/batch']) {
      const { requestBody } = operation(path, 'post')
      const content = requestBody?.content['application/json']
      assert.ok(content?.examples && Object.keys(content.examples).length > 0)
      assert.doesNotMatch(JSON.stringify(content), /device_id/, 'strict: the one shape alone')
      for (const [name, { value }] of Object.entries(content.examples)) {
        assertFits(content.schema, value, name)
        const answer = await track(connection, token, value, {}, path)
        assert.equal(answer.status, 200, answer.text)
        assertDocumented(operation(path, 'post'), answer)
      }
    }
  })
})

describe('responses are as documented:', () => {
  const id = 'TRUCK-001'
  const from = '2025-03-14T00:00:00Z'
  const period = `from=${from}&to=2025-03-15T00:00:00Z`

  it('reads', async () => {
    const asset = '/v1/assets/{asset_id}'
    const rows: readonly (readonly [path: string, query: string, member: string])[] = [
      ['/v1/assets', '?limit=2', 'assets'],
      [asset, '', 'latest'],
      [`${asset}/positions`, `?${period}&order=desc`, 'positions'],
      [`${asset}/metrics`, '', 'metrics'],
      [`${asset}/metrics`, '?key=engine.rpm', 'metrics'],
      [`${asset}/metrics`, `?key=engine.rpm&bucket=1h&${period}`, 'buckets'],
      ['/v1/assets/{asset_id}/events', '', 'events'],
      ['/v1/events', '?severity=high', 'events'],
    ]
    for (const [path, query, member] of rows) {
      const name = path.endsWith('}/events') ? 'TRUCK-005' : id
      const answer = await get(connection, token, path.replace('{asset_id}', name) + query)
      assert.equal(answer.status, 200, answer.text)
      assertDocumented(operation(path), answer)
      const found = answer.json()[member]
      assert.ok(!Array.isArray(found) || found.length > 0, `${path} shows something`)
    }
  })

  it('refusals', async () => {
    for (const [path, operations] of Object.entries(document.paths)) {
      if (!path.startsWith('/v1/')) continue
      for (const [method, one] of Object.entries(operations)) {
        const url = path.replace('{asset_id}', 'MISSING')
        const send = (bearer: string, query: string) =>
          connection.send({
            method: method.toUpperCase(),
            path: url + query,
            headers: {
              authorization: `Bearer ${bearer}`,
              'content-type': 'application/json',
            },
          })
        assertDocumented(one, await send('x.y.z', ''))
        const unknown = await send(token, '?unknown=1')
        assert.equal(unknown.status, 400)
        assertDocumented(one, unknown)
        if (path.includes('{')) assertDocumented(one, await send(token, ''))
        const scope = one.security[0]?.accessToken?.[0]
        const others = { scope: `asset:track:${scope?.endsWith('read') ? 'write' : 'read'}` }
        const wrong = await accessToken(connection, server.credentials, others)
        const answer = await send(wrong, '')
        assert.equal(answer.status, 403)
        assertDocumented(one, answer)
      }
    }
  })

  it('tokens, for a client without credentials and one with', async () => {
    const { credentials } = server
    for (const path of AUTH_PATHS.slice(0, 4)) {
      const one = operation(path, 'post')
      const json = { 'content-type': 'application/json' }
      const send = (body: unknown) =>
        connection.send({ path, headers: json, body: JSON.stringify(body) })
      for (const body of [{}, { ...credentials, token }, { ...credentials, client_id: 'other' }]) {
        assertDocumented(one, await send(body))
      }
      const text = { 'content-type': 'text/plain' }
      assertDocumented(one, await connection.send({ path, headers: text, body: 'x' }))
    }
    // The token was revoked.
    token = await accessToken(connection, credentials)
    assertDocumented(
      operation('/oauth2/revocations'),
      await get(connection, token, '/oauth2/revocations'),
    )
  })

  it('reports', async () => {
    const one = operation('/v1/asset/track', 'post')
    const many = operation('/v1/asset/track/batch', 'post')
    const key = { 'x-request-id': 'openapi' }
    const bad = { asset_id: '', timestamp: 'x', gps: {} }
    assertDocumented(one, await track(connection, token, report('A'), key))
    assertDocumented(one, await track(connection, token, bad))
    assertDocumented(one, await track(connection, token, '{'))
    const reused = await track(connection, token, { ...report('A'), type: 'B' }, key)
    assert.equal(reused.status, 409)
    assertDocumented(one, reused)
    assertDocumented(one, await track(connection, token, 'x', { 'content-type': 'text/plain' }))
    assertDocumented(one, await track(connection, token, ' '.repeat(2 ** 20 + 1)))
    const keyed = { ...report('A'), idempotency_key: 'openapi' }
    const items = [report('C'), bad, keyed, { ...keyed, idempotency_key: '' }, 7]
    const answer = await trackBatch(connection, token, items, { 'x-request-id': 'openapi-batch' })
    assert.equal(answer.json().status, 'partial', answer.text)
    assertDocumented(many, answer)
    const again = await trackBatch(connection, token, items, { 'x-request-id': 'openapi-batch' })
    assertDocumented(many, again)
    assertDocumented(many, await trackBatch(connection, token, []))
    assertDocumented(many, await trackBatch(connection, token, Array(1001).fill(1)))
  })
})
