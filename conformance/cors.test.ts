/**
 * CORS (the Fetch standard): public documents are for every page; login, API and admin API for the
 * origins of `MIOT_CORS_ORIGINS`, refusals included, and for no page without it.
 */

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { adminToken } from './support/administrator.ts'
import { type Answer, type Connection, openConnection, type Request } from './support/connection.ts'
import { type RunningServer, startServer } from './support/running-server.ts'
import { accessToken, asJson } from './support/token-requests.ts'
import { report, reportHeaders } from './support/track-requests.ts'

const PAGE = 'https://app.example'
const OTHER_PAGES = [
  'https://evil.example',
  'https://app.example.evil.example',
  'null',
  `${PAGE}:8443`,
]

const PUBLIC = [
  '/.well-known/oauth-authorization-server',
  '/.well-known/openid-configuration',
  '/.well-known/jwks.json',
  '/.well-known/oauth-protected-resource',
  '/openapi.json',
  '/admin/v1/openapi.json',
]

let open: RunningServer
let closed: RunningServer
let connection: Connection
let toClosed: Connection
let token: string
let admin: string

before(async () => {
  ;[open, closed] = await Promise.all([
    startServer({ MIOT_CORS_ORIGINS: `${PAGE}, http://localhost:5173` }),
    startServer(),
  ])
  connection = openConnection(open.url)
  toClosed = openConnection(closed.url)
  token = await accessToken(connection, open.credentials)
  admin = await adminToken(open)
})
after(async () => {
  connection.close()
  toClosed.close()
  await Promise.all([open.stop(), closed.stop()])
})

const send = (request: Request, origin?: string, to = connection): Promise<Answer> =>
  to.send({ ...request, headers: { ...request.headers, ...(origin && { origin }) } })

function preflight(path: string, method: string, origin: string, to = connection) {
  const headers = {
    origin,
    'access-control-request-method': method,
    'access-control-request-headers': 'authorization, content-type, x-request-id',
  }
  return to.send({ method: 'OPTIONS', path, headers })
}

const lower = (header: unknown): string[] =>
  String(header ?? '')
    .toLowerCase()
    .split(',')
    .map((one) => one.trim())

const corsHeaders = ({ headers }: Answer): string[] =>
  Object.keys(headers).filter((name) => name.startsWith('access-control-'))

/** Each with the status that it gets; refusals too. */
function requests(): Readonly<Record<string, readonly [status: number, request: Request]>> {
  const bearer = (value: string) => ({ authorization: `Bearer ${value}` })
  const track = { path: '/v1/asset/track', body: JSON.stringify(report('T-1')) }
  const login = { path: '/api/v1/login' }
  return {
    'a login': [200, { ...login, ...asJson(open.credentials) }],
    'a wrong secret': [401, { ...login, ...asJson({ ...open.credentials, client_secret: 'x' }) }],
    'a malformed login': [400, { ...login, ...asJson([]) }],
    'a report': [200, { ...track, headers: { ...reportHeaders(), ...bearer(token) } }],
    'a report without a token': [401, { ...track, headers: reportHeaders() }],
    'another content type': [
      415,
      { ...track, headers: { ...bearer(token), 'content-type': 'a/b' } },
    ],
    'a page of assets': [200, { method: 'GET', path: '/v1/assets', headers: bearer(token) }],
    'the home page': [200, { method: 'GET', path: '/' }],
    'the reference': [200, { method: 'GET', path: '/reference' }],
    'another method': [405, { method: 'DELETE', path: '/v1/assets' }],
    'an unknown path': [404, { method: 'GET', path: '/v1/nothing' }],
    'a path that cannot be decoded': [400, { method: 'GET', path: '/v1/assets/%zz' }],
    'an unknown expectation': [417, { method: 'GET', path: '/livez', headers: { expect: 'x' } }],
    'a list of clients': [
      200,
      { method: 'GET', path: '/admin/v1/clients', headers: bearer(admin) },
    ],
    'a token without the right': [
      401,
      { method: 'GET', path: '/admin/v1/clients', headers: bearer(token) },
    ],
  }
}

describe('the page of an allowed origin', () => {
  it('may read every answer, refusals included, and the headers that it needs', async () => {
    for (const [what, [status, request]] of Object.entries(requests())) {
      for (const origin of [PAGE, 'http://localhost:5173']) {
        const answer = await send(request, origin)
        assert.equal(answer.status, status, `${what}: ${answer.text}`)
        assert.equal(answer.headers['access-control-allow-origin'], origin, what)
        assert.ok(lower(answer.headers.vary).includes('origin'), what)
        const exposed = lower(answer.headers['access-control-expose-headers'])
        for (const name of [
          'x-request-id',
          'retry-after',
          'ratelimit',
          'idempotent-replay',
          'etag',
        ]) {
          assert.ok(exposed.includes(name), `${what}: ${name}`)
        }
        assert.equal(answer.headers['access-control-allow-credentials'], undefined)
      }
    }
  })

  it('gets 204 to a preflight, with the methods of the path', async () => {
    for (const [path, method, methods] of [
      ['/api/v1/login', 'POST', ['post']],
      ['/oauth2/token', 'POST', ['post']],
      ['/v1/asset/track', 'POST', ['post']],
      ['/v1/assets', 'GET', ['get', 'head']],
      ['/admin/v1/clients', 'POST', ['get', 'post']],
      ['/admin/v1/clients/client_x', 'PATCH', ['get', 'patch', 'delete']],
    ] as const) {
      const answer = await preflight(path, method, PAGE)
      assert.equal(answer.status, 204, `${path}: ${answer.text}`)
      assert.equal(answer.text, '')
      assert.equal(answer.headers['access-control-allow-origin'], PAGE)
      assert.deepEqual(lower(answer.headers['access-control-allow-methods']), methods)
      const allowed = lower(answer.headers['access-control-allow-headers'])
      for (const name of ['authorization', 'content-type', 'content-encoding', 'x-request-id']) {
        assert.ok(allowed.includes(name), name)
      }
      assert.ok(Number(answer.headers['access-control-max-age']) > 0)
      assert.ok(lower(answer.headers.vary).includes('origin'))
    }
  })

  it('gets 405 to an OPTIONS that is no preflight, and 404 to one for an unknown path', async () => {
    assert.equal((await send({ method: 'OPTIONS', path: '/v1/assets' }, PAGE)).status, 405)
    assert.equal((await preflight('/v1/nothing', 'GET', PAGE)).status, 404)
  })
})

describe('the page of another origin', () => {
  it('may read nothing, while the answer is the same', async () => {
    for (const [what, [status, request]] of Object.entries(requests())) {
      for (const origin of OTHER_PAGES) {
        const answer = await send(request, origin)
        assert.equal(answer.status, status, what)
        assert.deepEqual(corsHeaders(answer), [], `${what} ${origin}`)
        assert.ok(lower(answer.headers.vary).includes('origin'), what)
      }
      assert.deepEqual(corsHeaders(await send(request)), [], `${what}, no page`)
    }
  })

  it('gets 405 to a preflight', async () => {
    for (const origin of OTHER_PAGES) {
      const answer = await preflight('/v1/asset/track', 'POST', origin)
      assert.equal(answer.status, 405)
      assert.deepEqual(corsHeaders(answer), [])
    }
  })

  it('is every page where no origin is allowed', async () => {
    for (const path of ['/api/v1/login', '/v1/assets', '/admin/v1/clients']) {
      const answer = await send({ method: 'GET', path }, PAGE, toClosed)
      assert.deepEqual(corsHeaders(answer), [], path)
      assert.equal(answer.headers.vary, undefined)
      assert.equal((await preflight(path, 'GET', PAGE, toClosed)).status, 405)
    }
  })
})

describe('a public document', () => {
  for (const path of PUBLIC) {
    it(`${path} may be read by every page`, async () => {
      for (const to of [connection, toClosed]) {
        for (const origin of [PAGE, ...OTHER_PAGES, undefined]) {
          const answer = await send({ method: 'GET', path }, origin, to)
          assert.equal(answer.status, 200)
          assert.equal(answer.headers['access-control-allow-origin'], '*')
          assert.equal(answer.headers['access-control-allow-credentials'], undefined)
        }
        const asked = await preflight(path, 'GET', 'https://evil.example', to)
        assert.equal(asked.status, 204)
        assert.deepEqual(lower(asked.headers['access-control-allow-methods']), ['get', 'head'])
      }
    })
  }
})

describe('MIOT_CORS_ORIGINS', () => {
  it('is refused with a wildcard or a path, and the message names it', async () => {
    for (const value of ['*', `${PAGE}/`]) {
      const { status, stderr } = await open.miot(['doctor'], { env: { MIOT_CORS_ORIGINS: value } })
      assert.equal(status, 2, stderr)
      assert.match(stderr, /MIOT_CORS_ORIGINS must list/)
    }
  })
})
