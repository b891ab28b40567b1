/**
 * `GET /openapi.json` matches the API: the tests validate every response against the schema of its
 * operation and status, and send every example of the document.
 */

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { Compile } from 'typebox/schema'
import { type Answer, type Connection, openConnection } from './support/connection.ts'
import { routeTable } from './support/route-table.ts'
import { type RunningServer, startServer } from './support/running-server.ts'
import { accessToken } from './support/token-requests.ts'
import { get, report, track, trackBatch } from './support/track-requests.ts'

interface Operation {
  readonly operationId: string
  readonly security: readonly Record<string, readonly string[]>[]
  readonly parameters: readonly { name: string; in: string; required?: boolean; schema: object }[]
  readonly requestBody?: { content: Record<string, Content> }
  readonly responses: Record<string, { description: string; content: Record<string, Content> }>
}

interface Content {
  readonly schema: object
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
  token = await accessToken(connection, server.credentials)
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
function resolved(schema: object): object {
  return JSON.parse(JSON.stringify(schema), (_key, node) => {
    const name = /^#\/components\/schemas\/(\w+)$/.exec(node?.$ref ?? '')?.[1]
    return name === undefined ? node : document.components.schemas[name]
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

  it('has every route of the API, and no others', async () => {
    const routes = await routeTable(server.url, server.credentials.audience)
    const served = routes
      .filter(({ url, method }) => url.startsWith('/v1/') && ['GET', 'POST'].includes(method))
      .map(({ method, url }) => `${method} ${url.replaceAll(/:(\w+)/g, '{$1}')}`)
    const documented = Object.entries(document.paths).flatMap(([path, operations]) =>
      Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
    )
    assert.ok(documented.every((name) => served.includes(name)))
    for (const name of served.filter((one) => !documented.includes(one))) {
      const [method = '', path = ''] = name.split(' ')
      const answer = await connection.send({ method, path: path.replaceAll(/[{}]/g, '') })
      assert.equal(answer.status, 405, name)
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
