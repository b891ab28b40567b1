/**
 * The edges of HTTP, the same at every door: content codings, methods, expectations, and a byte
 * order mark.
 */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { gzipSync } from 'node:zlib'
import { freePort } from '@modulariot/platform/testing/free-port'
import { adminToken } from './support/administrator.ts'
import { type Answer, type Connection, openConnection } from './support/connection.ts'
import { type Route, routeTable } from './support/route-table.ts'
import { type RunningServer, startServer } from './support/running-server.ts'
import { accessToken, asForm, asJson, createClient } from './support/token-requests.ts'
import { report, reportHeaders, track, trackBatch } from './support/track-requests.ts'

let server: RunningServer
let metricsUrl: string
let connection: Connection
let token: string
let admin: string
let routes: Route[]

before(async () => {
  const metricsPort = await freePort()
  metricsUrl = `http://127.0.0.1:${metricsPort}`
  server = await startServer({ MIOT_METRICS_PORT: String(metricsPort) })
  connection = openConnection(server.url)
  token = await accessToken(connection, server.credentials)
  admin = await adminToken(server)
  routes = await routeTable(server.url, server.credentials.audience)
})
after(async () => {
  connection.close()
  await server.stop()
})

const bearer = (value: string) => ({ authorization: `Bearer ${value}` })

describe('a body with a content coding that is not accepted', () => {
  const DOORS: Readonly<Record<string, () => Promise<Answer>>> = {
    '/api/v1/login': () => sendCoded('/api/v1/login', asJson(server.credentials)),
    '/oauth2/token': () => sendCoded('/oauth2/token', asForm({ ...server.credentials })),
    '/oauth2/introspect': () => sendCoded('/oauth2/introspect', asForm({ token: 'x' })),
    '/oauth2/revoke': () => sendCoded('/oauth2/revoke', asForm({ token: 'x' })),
    '/admin/v1/clients': () => sendCoded('/admin/v1/clients', asJson({ name: 'x' }, bearer(admin))),
    '/admin/v1/clients/bulk': () =>
      sendCoded(
        '/admin/v1/clients/bulk',
        asJson({}, { ...bearer(admin), 'content-type': 'application/x-ndjson' }),
      ),
  }
  let coding = 'gzip'

  function sendCoded(path: string, { headers = {}, body = '' }: ReturnType<typeof asJson>) {
    const coded = { ...headers, 'content-encoding': coding }
    return connection.send({ path, headers: coded, body: gzipSync(body) })
  }

  for (const [path, send] of Object.entries(DOORS)) {
    it(`gets 415 with Accept-Encoding at ${path} (RFC 9110 §15.5.16)`, async () => {
      for (coding of ['gzip', 'br', 'x-gzip', 'gzip, gzip', 'zstd']) {
        const answer = await send()
        assert.equal(answer.status, 415, `${coding}: ${answer.text}`)
        assert.equal(answer.headers['accept-encoding'], 'identity')
        assert.match(answer.text, /uncompressed/)
      }
    })
  }

  it('differs from `identity`, which is none', async () => {
    const { headers, body } = asJson(server.credentials, { 'content-encoding': 'identity' })
    const answer = await connection.send({ path: '/api/v1/login', headers, body } as never)
    assert.equal(answer.status, 200, answer.text)
  })

  it('lists gzip at the API, which accepts it', async () => {
    const answer = await track(connection, token, report('T-1'), { 'content-encoding': 'br' })
    assert.equal(answer.status, 415)
    assert.equal(answer.headers['accept-encoding'], 'gzip')
  })
})

/** With those that few servers know. */
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE']
const RARE_METHODS = ['PROPFIND', 'LOCK', 'REPORT', 'PURGE', 'QUERY', 'M-SEARCH']

describe('a method that a path does not have', { timeout: 120_000 }, () => {
  it('gets 405 with Allow on every path (RFC 9110 §15.5.6)', async () => {
    const allowed = new Map<string, string[]>()
    // `Allow` itself says which methods work; that they do is checked below.
    for (const url of new Set(routes.map((route) => route.url))) {
      const path = url.replaceAll(/:\w+/g, 'x')
      const answer = await connection.send({ method: 'PURGE', path })
      assert.equal(answer.status, 405, `PURGE ${path}: ${answer.text}`)
      const methods = String(answer.headers.allow).split(', ')
      allowed.set(path, methods)
      for (const method of [...METHODS, ...RARE_METHODS]) {
        if (methods.includes(method)) continue
        const refused = await connection.send({ method, path })
        assert.equal(refused.status, 405, `${method} ${path}`)
        assert.equal(refused.headers.allow, answer.headers.allow, `${method} ${path}`)
        assert.match(String(refused.headers['content-type']), /json/)
        assert.ok(refused.headers['x-request-id'])
      }
    }
    for (const path of ['/livez', '/readyz', '/openapi.json', '/readyz/auth']) {
      assert.deepEqual(allowed.get(path), ['GET', 'HEAD'], path)
    }
    assert.deepEqual(allowed.get('/admin/v1/clients'), ['GET', 'POST'])
    assert.ok(allowed.size > 30)
  })

  it('is one of those in Allow otherwise', async () => {
    for (const { method, url } of routes.filter((route) => route.url === '/livez')) {
      const answer = await connection.send({ method, path: url })
      assert.ok([200, 405].includes(answer.status))
      assert.equal(answer.status === 200, ['GET', 'HEAD'].includes(method), method)
    }
  })

  it('gets the same on the metrics port', async () => {
    const metrics = openConnection(metricsUrl)
    for (const path of ['/metrics', '/livez', '/readyz']) {
      for (const method of ['POST', 'DELETE', 'OPTIONS', 'TRACE', 'PURGE']) {
        const answer = await metrics.send({ method, path })
        assert.equal(answer.status, 405, `${method} ${path}: ${answer.text}`)
        assert.equal(answer.headers.allow, 'GET, HEAD')
        assert.equal(answer.json().error, 'invalid_request')
      }
    }
    metrics.close()
  })

  it('has the shape of the API’s errors below /v1/, and of the admin API’s below /admin/v1/', async () => {
    const ofApi = await connection.send({ method: 'PURGE', path: '/v1/asset/track' })
    assert.deepEqual(ofApi.json(), {
      ...{ status: 'error', message: 'Method not allowed', detail: 'Use POST' },
    })
    const ofAdmin = await connection.send({ method: 'PURGE', path: '/admin/v1/clients' })
    assert.match(String(ofAdmin.headers['content-type']), /^application\/problem\+json/)
  })

  it('differs from any method on an unknown path: 404', async () => {
    for (const method of ['GET', 'PURGE', 'TRACE']) {
      for (const path of ['/nothing', '/v1/nothing', '/livez/x', '/admin/v1/clients/x/y']) {
        const answer = await connection.send({ method, path })
        assert.equal(answer.status, 404, `${method} ${path}`)
        assert.equal(answer.headers.allow, undefined)
      }
    }
  })
})

/** Sends only the head, and reads until the server is silent for a moment or closes. */
async function sendHead(method: string, path: string, headers: Record<string, string>) {
  const socket: Socket = connect(Number(new URL(server.url).port), '127.0.0.1').setEncoding(
    'latin1',
  )
  socket.on('error', () => {})
  const all = { host: 'x', expect: '100-continue', ...headers }
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`)
  socket.write(`${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n`)
  let heard = ''
  while (!heard.includes('\r\n\r\n')) {
    const [text] = (await once(socket, 'data')) as [string]
    heard += text
  }
  return { socket, heard }
}

const JSON_TYPE = 'application/json'

describe('Expect: 100-continue (RFC 9110 §10.1.1)', { timeout: 60_000 }, () => {
  const track5 = (): Record<string, string> => ({
    ...bearer(token),
    ...reportHeaders(),
    'content-length': '5',
  })
  const DECIDED: Readonly<
    Record<string, readonly [number, string, string, () => Record<string, string>]>
  > = {
    'no token': [401, 'POST', '/v1/asset/track', () => ({ 'content-length': '5' })],
    'no scope': [
      403,
      'POST',
      '/admin/v1/clients',
      () => ({ ...bearer(readOnly), 'content-type': JSON_TYPE, 'content-length': '5' }),
    ],
    'no such path': [404, 'POST', '/nowhere', () => ({ 'content-length': '5' })],
    'another method': [405, 'PUT', '/api/v1/login', () => ({ 'content-length': '5' })],
    'a login that is too long': [
      413,
      'POST',
      '/api/v1/login',
      () => ({ 'content-type': JSON_TYPE, 'content-length': '20000' }),
    ],
    'a report that is too long': [
      413,
      'POST',
      '/v1/asset/track',
      () => ({ ...track5(), 'content-length': '2000000' }),
    ],
    'a bulk that is too long': [
      413,
      'POST',
      '/admin/v1/clients/bulk',
      () => ({
        ...bearer(admin),
        'content-type': 'application/x-ndjson',
        'content-length': '20000000',
      }),
    ],
    'another content type': [
      415,
      'POST',
      '/v1/asset/track',
      () => ({ ...track5(), 'content-type': 'text/csv' }),
    ],
    'another content type of a large body': [
      415,
      'POST',
      '/v1/asset/track',
      () => ({ ...track5(), 'content-type': 'text/csv', 'content-length': '200000' }),
    ],
    'another content coding': [
      415,
      'POST',
      '/oauth2/token',
      () => ({ 'content-type': JSON_TYPE, 'content-encoding': 'gzip', 'content-length': '5' }),
    ],
  }
  let readOnly: string

  before(async () => {
    const audience = `${server.url}/admin/v1`
    const client = await createClient(server, '--audience', audience, '--scope', 'clients:read')
    readOnly = await accessToken(connection, client)
  })

  for (const [what, [status, method, path, headers]] of Object.entries(DECIDED)) {
    it(`${what}: ${status} at once, without 100, and the connection ends`, async () => {
      const { socket, heard } = await sendHead(method, path, headers())
      assert.match(heard, new RegExp(`^HTTP/1\\.1 ${status} `))
      assert.match(heard, /\r\nconnection: close\r\n/i)
      if (!socket.readableEnded) await once(socket, 'end')
      socket.destroy()
    })
  }

  for (const path of ['/api/v1/login', '/v1/asset/track', '/v1/asset/track/batch']) {
    it(`a body that is wanted at ${path}: 100, then its answer, and the connection stays`, async () => {
      const login = path === '/api/v1/login'
      const one = login ? JSON.stringify(server.credentials) : JSON.stringify(report('T-2'))
      const body = path.endsWith('batch') ? `[${one}]` : one
      const headers = login ? { 'content-type': JSON_TYPE } : track5()
      const { socket, heard } = await sendHead('POST', path, {
        ...headers,
        'content-length': String(body.length),
      })
      assert.equal(heard, 'HTTP/1.1 100 Continue\r\n\r\n')
      socket.write(body)
      const [answer] = (await once(socket, 'data')) as [string]
      assert.match(answer, /^HTTP\/1\.1 200 /)
      assert.doesNotMatch(answer, /\r\nconnection: close\r\n/i)
      socket.write('GET /livez HTTP/1.1\r\nHost: x\r\n\r\n')
      assert.match(String((await once(socket, 'data'))[0]), /^HTTP\/1\.1 200 /)
      socket.destroy()
    })
  }

  it('from a client that does not wait: its answer as ever', async () => {
    const body = JSON.stringify(server.credentials)
    const headers = { 'content-type': JSON_TYPE, expect: '100-Continue' }
    assert.equal((await connection.send({ path: '/api/v1/login', headers, body })).status, 200)
  })

  for (const expect of ['200-ok', '100-continue, more', 'x=1']) {
    it(`an unknown expectation (${expect}): 417`, async () => {
      for (const path of ['/api/v1/login', '/v1/asset/track', '/livez', '/nowhere']) {
        const { socket, heard } = await sendHead('GET', path, { expect })
        assert.match(heard, /^HTTP\/1\.1 417 /)
        socket.destroy()
      }
    })
  }
})

const BOM = '\ufeff'

describe('a byte order mark before a body is skipped', { timeout: 60_000 }, () => {
  it('at the login, in JSON and in a form', async () => {
    for (const path of ['/api/v1/login', '/oauth2/token']) {
      for (const { headers, body } of [
        asJson(server.credentials),
        asForm({ ...server.credentials }),
      ]) {
        const answer = await connection.send({ path, headers: headers ?? {}, body: BOM + body })
        assert.equal(answer.status, 200, answer.text)
      }
    }
  })

  it('at the admin API, also before a line of NDJSON', async () => {
    const one = (name: string) =>
      BOM + JSON.stringify({ name, grants: [{ audience: server.credentials.audience }] })
    const headers = { ...bearer(admin), 'content-type': JSON_TYPE }
    const made = await connection.send({ path: '/admin/v1/clients', headers, body: one('a') })
    assert.equal(made.status, 201, made.text)
    const bulk = await connection.send({
      path: '/admin/v1/clients/bulk',
      headers: { ...headers, 'content-type': 'application/x-ndjson' },
      body: `${one('b')}\n${one('c')}\n`,
    })
    const results = bulk.text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).status)
    assert.deepEqual(results, ['created', 'created'], bulk.text)
  })

  it('at the API, whose copy is the text without it', async () => {
    const plain = JSON.stringify(report('BOM-1'))
    const headers = { 'x-request-id': 'bom-1' }
    assert.equal((await track(connection, token, BOM + plain, headers)).status, 200)
    const again = await track(connection, token, plain, headers)
    assert.equal(again.status, 200, again.text)
    assert.equal(again.headers['idempotent-replay'], 'true')
    const coded = { 'content-encoding': 'gzip' }
    assert.equal((await track(connection, token, gzipSync(BOM + plain), coded)).status, 200)
    const large = JSON.stringify({ ...report('BOM-2'), owner: 'x'.repeat(100_000) })
    assert.equal((await track(connection, token, BOM + large)).status, 200)
  })

  it('in a batch, and before each line of NDJSON', async () => {
    const one = JSON.stringify(report('BOM-3'))
    const array = await trackBatch(connection, token, `${BOM}[${one}]`)
    assert.equal(array.json().status, 'success', array.text)
    const lines = `${BOM}${one}\r\n${BOM}${one}\n`
    const type = { 'content-type': 'application/x-ndjson' }
    const answer = await trackBatch(connection, token, lines, type)
    assert.equal(answer.json().status, 'success', answer.text)
  })

  it('in files that miot reads', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'miot-bom-'))
    const write = (name: string, text: string): string => {
      writeFileSync(join(folder, name), BOM + text)
      return join(folder, name)
    }
    const jwk = { kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' }
    const jwks = write('keys.json', JSON.stringify({ keys: [jwk] }))
    await createClient(server, '--jwks', jwks)
    const { client_id, client_secret, audience } = server.credentials
    const env = {
      MIOT_TOKEN_URL: `${server.url}/oauth2/token`,
      MIOT_API_URL: server.url,
      MIOT_CLIENT_ID: client_id,
      MIOT_CLIENT_SECRET: client_secret,
      MIOT_AUDIENCE: audience,
    }
    const one = JSON.stringify(report('BOM-4'))
    for (const text of [one, `[${one},${one}]`, `${one}\n${BOM}${one}\n`]) {
      const file = write('reports', text)
      const sent = await server.miot(['track', 'send', '--file', file, '--json'], { env })
      assert.equal(sent.status, 0, sent.stderr + sent.stdout)
    }
    rmSync(folder, { recursive: true })
  })

  it('but only one, and only before: elsewhere it is a character like any other', async () => {
    const body = JSON.stringify(server.credentials)
    for (const text of [BOM + BOM + body, body + BOM, `{${BOM}${body.slice(1)}`]) {
      const { headers = {} } = asJson({})
      const answer = await connection.send({ path: '/api/v1/login', headers, body: text })
      assert.equal(answer.status, 400, answer.text)
    }
  })
})
