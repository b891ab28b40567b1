/**
 * No secret appears in any output. A server at log level trace gets a canary in every place where a
 * client could put a secret, on every route; then all its output is searched.
 *
 * A new route is included automatically, since the list comes from the applications; a route that
 * cannot be reached fails the test.
 */

import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { after, before, describe, it } from 'node:test'
import { freePort } from '@modulariot/platform/testing/free-port'
import { Canaries } from './support/canaries.ts'
import { type Connection, openConnection } from './support/connection.ts'
import { type Route, routeTable } from './support/route-table.ts'
import { type RunningServer, startServer } from './support/running-server.ts'

interface Answer {
  readonly route: Route
  readonly status: number
  /** One header per line. */
  readonly headers: string
  readonly body: string
}

type Request = { headers: Record<string, string>; body?: string | Uint8Array<ArrayBuffer> }

const canaries = new Canaries()
const answers: Answer[] = []
/** By origin. */
const connections = new Map<string, Connection>()
let server: RunningServer
let metricsUrl: string
let routes: Route[]
/** Start of the output that may contain no secret: after the welcome, which shows one. */
let begin: number
let telemetryToken: string
let adminToken: string
let feedToken: string
/** The target of the admin routes; its tokens are revoked on the way. */
let target: string

before(async () => {
  const port = await freePort()
  metricsUrl = `http://127.0.0.1:${port}`
  const env = { MIOT_LOG_LEVEL: 'trace', MIOT_METRICS_PORT: String(port) }
  server = await startServer(env)
  const all = await routeTable(server.url, server.credentials.audience)
  // `fetch` sends no TRACE; edges.test.ts does.
  routes = all.filter(({ method }) => method !== 'TRACE')
  begin = server.output().length
  // Erasing has a scope that the quick start's client does not have.
  const { audience } = server.credentials
  await server.miot(['audiences', 'update', audience, '--add-scope', 'asset:track:delete'])
  telemetryToken = await login(await createClient(audience))
  adminToken = await login(await createClient(`${server.url}/admin/v1`))
  feedToken = await login(await createClient(`${server.url}/oauth2/revocations`))
  target = (await createClient(`${server.url}/admin/v1`)).client_id as string
  for (const route of routes) await drive(server.url, route)
  await drive(metricsUrl, { method: 'GET', url: '/metrics' })
  await drive(metricsUrl, { method: 'POST', url: '/metrics' })
  for (const base of [server.url, metricsUrl]) {
    await drive(base, { method: 'GET', url: `/${canaries.at('unknown path')}` })
    await sendMalformed(new URL(base))
  }
})
after(() => {
  for (const connection of connections.values()) connection.close()
  return server.stop()
})

/** A client with all scopes of an API. */
async function createClient(audience: string): Promise<Record<string, string>> {
  const args = ['clients', 'create', '--json', '--name', 'admin', '--audience', audience]
  const { stdout, stderr } = await server.miot(args)
  const created = JSON.parse(stdout || stderr)
  canaries.watch(`the secret of a client of ${audience}`, created.client_secret)
  return { ...created, audience, grant_type: 'client_credentials' }
}

async function login(credentials: object): Promise<string> {
  const response = await fetch(`${server.url}/api/v1/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(credentials),
  })
  const { access_token } = (await response.json()) as { access_token: string }
  assert.equal(response.status, 200)
  return access_token
}

const HAS_BODY = ['POST', 'PUT', 'PATCH', 'DELETE']

/** Sends all variants to one route. */
async function drive(base: string, route: Route): Promise<void> {
  const bodies = HAS_BODY.includes(route.method) ? badBodies() : [{ headers: {} }]
  const first = await send(base, route, bodies[1] ?? { headers: {} })
  // A method that is not served reads no body, and needs fewer variants.
  if (first === 405) return
  await Promise.all(
    authorizations().map(async (authorization) => {
      for (const { headers, ...body } of bodies) {
        await send(base, route, { headers: { ...headers, ...authorization }, ...body })
      }
    }),
  )
}

function authorizations(): Record<string, string>[] {
  const at = (place: string) => canaries.at(`Authorization: ${place}`)
  const basic = (id: string, secret: string) => ({
    authorization: `Basic ${btoa(`${id}:${secret}`)}`,
  })
  return [
    {},
    basic(at('Basic id'), at('Basic secret')),
    basic(server.credentials.client_id, at('Basic secret of a client')),
    { authorization: `Basic ${at('Basic, not base64')}` },
    { authorization: `Bearer ${at('Bearer')}` },
    { authorization: `Bearer ${telemetryToken.slice(0, -20)}${at('Bearer signature')}` },
    { authorization: at('no scheme') },
    { authorization: `Bearer ${telemetryToken}` },
    { authorization: `Bearer ${adminToken}` },
    { authorization: `Bearer ${feedToken}` },
  ]
}

/** Names under which clients send a secret, rightly or wrongly. */
const FIELDS = [
  ...['grant_type', 'client_id', 'client_secret', 'audience', 'resource', 'scope', 'token'],
  ...['client_assertion', 'client_assertion_type', 'access_token', 'password'],
  ...['asset_id', 'timestamp', 'type', 'name', 'external_id', 'label', 'Unknown'],
]

function badBodies(): Request[] {
  const at = (place: string) => canaries.at(`body: ${place}`)
  const json = { 'content-type': 'application/json' }
  const form = { 'content-type': 'application/x-www-form-urlencoded' }
  const members = (kind: string, names: readonly string[]) =>
    Object.fromEntries(names.map((name) => [name, at(`${kind} ${name}`)]))
  const all = members('JSON', FIELDS)
  const { credentials } = server
  return [
    { headers: {} },
    { headers: json, body: JSON.stringify(all) },
    { headers: json, body: JSON.stringify({ ...all, grant_type: 'client_credentials' }) },
    // Every field valid except one.
    ...['client_id', 'client_secret', 'audience', 'grant_type', 'scope'].map((name) => ({
      headers: json,
      body: JSON.stringify({ ...credentials, ...members('JSON, the others right,', [name]) }),
    })),
    { headers: json, body: JSON.stringify({ ...credentials, ...members('JSON', ['Extra']) }) },
    { headers: json, body: JSON.stringify({ asset_id: { [at('JSON name')]: [at('JSON deep')] } }) },
    { headers: json, body: JSON.stringify([at('JSON array')]) },
    // The parameters of the routes, with an additional one where that is allowed.
    {
      headers: json,
      body: JSON.stringify({
        asset_id: 'TRUCK-1',
        timestamp: new Date().toISOString(),
        driver_info: { note: at('telemetry that is kept') },
      }),
    },
    { headers: json, body: JSON.stringify({ name: 'A client' }) },
    { headers: json, body: JSON.stringify({ label: 'A secret' }) },
    { headers: json, body: JSON.stringify({ overlap_seconds: 60 }) },
    { headers: json, body: `{"client_secret": ${at('JSON, malformed')}` },
    { headers: json, body: at('JSON, none') },
    { headers: json, body: `${'['.repeat(100)}"${at('JSON, too deep')}"` },
    { headers: json, body: `{"a": "${at('JSON, repeated')}", "a": 1}` },
    { headers: json, body: Buffer.concat([Buffer.from(at('not UTF-8')), Buffer.from([0xff])]) },
    { headers: form, body: new URLSearchParams(members('form', FIELDS)).toString() },
    {
      headers: form,
      body: new URLSearchParams({
        ...credentials,
        ...members('form, the others right,', ['client_secret']),
      }).toString(),
    },
    { headers: form, body: `client_secret=${at('form, repeated')}&client_secret=x` },
    { headers: form, body: `client_secret=${at('form, malformed')}%zz&=&&` },
    { headers: { 'content-type': `text/${at('content type')}` }, body: at('other type') },
    { headers: { 'content-type': 'application/x-ndjson' }, body: `{"a":1}\n${at('NDJSON')}\n` },
    { headers: json, body: `{"client_secret":"${at('oversized').padEnd(2 ** 20, 'x')}"}` },
  ]
}

/** @returns the last status; 0 without a response. */
async function send(base: string, route: Route, request: Request): Promise<number> {
  const at = (place: string) => encodeURIComponent(canaries.at(place))
  const known: Record<string, string> = { client_id: target }
  const odd = route.url.replaceAll(/:(\w+)/g, (_, name) => at(`path ${name}`))
  const good = route.url.replaceAll(/:(\w+)/g, (_, name) => known[name] ?? at(`path ${name}`))
  const query = `client_secret=${at('query client_secret')}&cursor=${at('query')}&${at('query name')}`
  await exchange(route, `${base}${good}`, request, goodHeaders())
  await exchange(route, `${base}${odd}`, request, goodHeaders())
  return exchange(route, `${base}${odd}?${query}`, request, oddHeaders())
}

function goodHeaders(): Record<string, string> {
  const seconds = Math.floor(Date.now() / 1000)
  return { 'x-request-id': randomUUID(), 'x-request-timestamp': String(seconds) }
}

function oddHeaders(): Record<string, string> {
  const at = (place: string) => canaries.at(`header: ${place}`)
  return {
    cookie: `session=${at('cookie')}`,
    'x-request-id': `${at('unusable X-Request-Id')} ${randomUUID()}`,
    'x-request-timestamp': at('X-Request-Timestamp'),
    'x-api-key': at('unknown'),
    'user-agent': at('User-Agent'),
    referer: `http://localhost/${at('Referer')}`,
    'x-forwarded-for': at('X-Forwarded-For'),
    'if-match': at('If-Match'),
    'idempotency-key': at('Idempotency-Key'),
  }
}

async function exchange(
  route: Route,
  url: string,
  { headers, ...body }: Request,
  more: Record<string, string>,
): Promise<number> {
  const { method } = route
  const answer = await answerTo(url, { method, headers: { ...more, ...headers }, ...body }).catch(
    () => null,
  )
  if (answer === null) {
    // A body that is too large may close the connection before the response is read.
    assert.ok((body.body?.length ?? 0) > 2 ** 20, `${method} ${url} has no response`)
    return 0
  }
  const lines = answer.headers.map((header) => header.join(': ')).join('\r\n')
  answers.push({ route, status: answer.status, headers: lines, body: answer.body })
  return answer.status
}

type Headers = (readonly [string, unknown])[]

/** `fetch` takes twice the processor time, and there are over twenty thousand requests. */
async function answerTo(
  url: string,
  request: Request & { method: string },
): Promise<{ status: number; headers: Headers; body: string }> {
  const { origin, pathname, search } = new URL(url)
  if (pathname.endsWith('/stream')) return startOfStream(url, request)
  const connection = connections.get(origin) ?? openConnection(origin, 20)
  connections.set(origin, connection)
  const answer = await connection.send({ ...request, path: pathname + search })
  return { ...answer, headers: Object.entries(answer.headers), body: answer.text }
}

/** A stream of events does not end on its own: its first bytes are enough. */
async function startOfStream(url: string, request: RequestInit) {
  const response = await fetch(url, request)
  const { status } = response
  const headers: Headers = [...response.headers]
  if (response.headers.get('content-type') !== 'text/event-stream') {
    return { status, headers, body: await response.text() }
  }
  const reader = response.body?.getReader()
  const { value } = (await reader?.read()) ?? {}
  await reader?.cancel()
  return { status, headers, body: new TextDecoder().decode(value) }
}

/** Requests that no HTTP client would send. */
async function sendMalformed({ hostname, port }: URL): Promise<void> {
  const word = canaries.at('bytes that are no HTTP')
  const chunked = 'Host: x\r\nTransfer-Encoding: chunked\r\nContent-Type: application/json'
  for (const bytes of [
    `${word} ${word}\r\n\r\n`,
    `GET /%zz${word} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`,
    `GET /${word} HTTP/1.1\r\nHost: x\r\n${word} ${word}\r\n\r\n`,
    `GET /livez HTTP/1.1\r\nHost: x\r\nAuthorization: ${word.repeat(1000)}\r\n\r\n`,
    `GET /livez?${word} HTTP/1.1\r\nConnection: close\r\n\r\n`,
    `${word.toUpperCase()} /livez HTTP/1.1\r\nHost: x\r\n\r\n`,
    `POST /api/v1/login HTTP/1.1\r\n${chunked}\r\n\r\n${word}\r\n${word}\r\n\r\n`,
  ]) {
    const socket = connect(Number(port), hostname)
    socket.write(bytes)
    const answer = await text(socket)
    const [headers = '', body = ''] = answer.split('\r\n\r\n')
    const status = Number(headers.split(' ')[1])
    const route = { method: 'nonsense', url: bytes.slice(0, 40) }
    answers.push({ route, status, headers, body })
  }
}

describe('a server at trace level, driven with canaries', () => {
  it('responds on every route', () => {
    assert.ok(routes.length > 10, 'the list of routes cannot be right')
    const logged = new Set(
      logLines()
        .filter(({ msg }) => msg === 'answered')
        .map(({ method, route }) => `${method} ${route}`),
    )
    const missed = routes.filter(({ method, url }) => !logged.has(`${method} ${url}`))
    assert.deepEqual(missed, [])
  })

  it('lets some requests succeed', () => {
    const done = new Set(answers.filter(({ status }) => status < 300).map(({ route }) => route.url))
    for (const url of ['/v1/asset/track', '/v1/assets', '/livez', '/metrics']) {
      assert.ok(done.has(url), url)
    }
  })

  it('lets some requests pass the authentication of each', () => {
    const DOORS = [401, 403, 405, 429]
    const past = new Set(
      answers
        .filter(({ status }) => !DOORS.includes(status))
        .map(({ route }) => `${route.method} ${route.url}`),
    )
    const refusing = new Set(
      answers
        .filter(({ status }) => status === 405)
        .map(({ route }) => `${route.method} ${route.url}`),
    )
    const shut = routes
      .map(({ method, url }) => `${method} ${url}`)
      .filter((name) => !past.has(name) && !refusing.has(name))
    assert.deepEqual(shut, [])
  })

  it('puts X-Request-Id on every response, and never an invalid one', () => {
    assert.ok(answers.length > 500)
    for (const { route, status, headers } of answers) {
      const name = `${route.method} ${route.url} ${status}`
      // Generated, or a UUID that was sent.
      assert.match(headers, /^x-request-id: ([\w-]{24}|[0-9a-f-]{36})\r?$/im, name)
    }
  })

  it('repeats no canary in an error response', () => {
    const leaks = answers
      .filter(({ status }) => status >= 400)
      .flatMap(({ route, status, headers, body }) =>
        canaries
          .foundIn(headers + body)
          .map((place) => `${place}: ${route.method} ${route.url} ${status}`),
      )
    assert.deepEqual([...new Set(leaks)], [])
  })

  it('writes no canary on the metrics page', async () => {
    const page = await (await fetch(`${metricsUrl}/metrics`)).text()
    assert.match(page, /miot_http_requests_total/)
    assert.deepEqual(canaries.foundIn(page), [])
  })

  it('writes no canary in the audit trail', async () => {
    const { stdout } = await server.miot(['audit', 'list', '--json', '--limit', '500'])
    assert.ok(JSON.parse(stdout).entries.length > 0)
    assert.deepEqual(canaries.foundIn(stdout), [])
  })

  it('removes a secret that is sent as a valid X-Request-Id from its log', async () => {
    const secret = `miot_prod_${'Za9'.repeat(16)}Q`
    const response = await fetch(`${server.url}/livez`, { headers: { 'x-request-id': secret } })
    assert.equal(response.headers.get('x-request-id'), secret)
    canaries.watch('a usable X-Request-Id', secret)
  })

  it('writes no canary, and none of its own secrets, to stdout or stderr', async () => {
    canaries.watch('the quick start’s secret', server.credentials.client_secret)
    canaries.watch('an access token', telemetryToken.split('.')[2] as string)
    canaries.watch('an admin token', adminToken.split('.')[2] as string)
    for (const { body } of answers) {
      const [, secret] = /"client_secret":"([^"]+)"/.exec(body) ?? []
      if (secret !== undefined) canaries.watch('a secret of the admin API', secret)
    }
    await server.kill('SIGTERM')
    const output = server.output().slice(begin)
    assert.match(output, /"msg":"answered"/)
    assert.match(output, /"msg":"refused"/)
    const leaks = canaries.foundIn(output)
    const line = output.split('\n').find((one) => canaries.foundIn(one).length > 0)
    assert.deepEqual(leaks, [], `such as ${line}`)
  })
})

function logLines(): Record<string, unknown>[] {
  return server
    .output()
    .slice(begin)
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line))
}
