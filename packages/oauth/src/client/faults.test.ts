/** The token source against a real server that fails in every way a network can. */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { format, inspect } from 'node:util'
import { type Clock, systemClock } from '../transport/clock.ts'
import { SECRET } from './token-source.fixture.ts'
import { TokenSource } from './token-source.ts'
import type { TokenSourceOptions } from './token-source-options.ts'

type Fault = (request: IncomingMessage, response: ServerResponse) => void

const GOOD = JSON.stringify({ access_token: 'good', token_type: 'Bearer', expires_in: 3600 })

let faults: Fault[] = []
const seen: { url: string; body: string }[] = []
const server = createServer((request, response) => {
  const chunks: Buffer[] = []
  request.on('data', (chunk) => chunks.push(chunk))
  request.on('end', () => {
    seen.push({ url: request.url ?? '', body: Buffer.concat(chunks).toString() })
    const fault = faults.shift() ?? ((_, answer) => answer.end(GOOD))
    fault(request, response)
  })
})

before(async () => {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
})
after(() => {
  server.closeAllConnections()
  server.close()
})

function address(): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

function sourceOf(options: Partial<TokenSourceOptions> = {}): TokenSource {
  seen.length = 0
  return new TokenSource({
    token_endpoint: `${address()}/token`,
    client_id: 'client-1',
    client_secret: SECRET,
    audience: 'https://api.example',
    ...options,
  })
}

function answer(status: number, body: string, headers: Record<string, string> = {}): Fault {
  return (_, response) => response.writeHead(status, headers).end(body)
}

interface Expected {
  readonly name: string
  readonly retryable: boolean
  readonly status?: number
  readonly retryAfterSeconds?: number
}

/** The error a caller gets, by what the server does. After each, the next call succeeds. */
const CASES: Readonly<Record<string, readonly [Fault, Expected]>> = {
  'never answers': [() => {}, { name: 'TimeoutError', retryable: true }],
  'stops in the middle of the headers': [
    (request) => request.socket.write('HTTP/1.1 200 OK\r\ncontent-'),
    { name: 'TimeoutError', retryable: true },
  ],
  'stops in the middle of the body': [
    (_, response) => response.writeHead(200, { 'content-length': '100' }).write('{"access_'),
    { name: 'TimeoutError', retryable: true },
  ],
  'resets the connection': [
    (request) => request.socket.resetAndDestroy(),
    { name: 'NetworkError', retryable: true },
  ],
  'closes the connection without an answer': [
    (request) => request.socket.end(),
    { name: 'NetworkError', retryable: true },
  ],
  'resets in the middle of the body': [
    (request, response) => {
      response.writeHead(200, { 'content-length': '100' }).write('{"access_')
      setImmediate(() => request.socket.resetAndDestroy())
    },
    { name: 'NetworkError', retryable: true },
  ],
  'speaks another protocol': [
    (request) => request.socket.end('SSH-2.0-OpenSSH_9.6\r\n'),
    { name: 'NetworkError', retryable: true },
  ],
  'redirects to another host': [
    answer(302, '', { location: 'https://elsewhere.example/token' }),
    { name: 'ConfigError', retryable: false, status: 302 },
  ],
  'redirects with 307, which would repeat the body': [
    answer(307, '', { location: '/other' }),
    { name: 'ConfigError', retryable: false, status: 307 },
  ],
  'answers half a body that looks complete': [
    answer(200, GOOD.slice(0, 20)),
    { name: 'ServerError', retryable: true, status: 200 },
  ],
  'answers a login page': [
    answer(200, '<html>', { 'content-type': 'text/html' }),
    { name: 'ServerError', retryable: true, status: 200 },
  ],
  'answers endlessly': [
    (_, response) => {
      const more = (): void => {
        while (!response.destroyed && response.write('x'.repeat(65_536)));
      }
      response.on('drain', more)
      more()
    },
    { name: 'ServerError', retryable: true, status: 200 },
  ],
  'is overloaded': [
    answer(429, '{"error":"temporarily_unavailable"}', { 'retry-after': '7' }),
    { name: 'RateLimitedError', retryable: true, status: 429, retryAfterSeconds: 7 },
  ],
  'fails with 500': [answer(500, 'x'), { name: 'ServerError', retryable: true, status: 500 }],
  'fails behind a proxy': [
    answer(502, '<h1>'),
    { name: 'ServerError', retryable: true, status: 502 },
  ],
  'is temporarily unavailable': [
    answer(503, '{"error":"temporarily_unavailable"}', { 'retry-after': '1' }),
    { name: 'ServerError', retryable: true, status: 503, retryAfterSeconds: 1 },
  ],
  'knows no such client': [
    answer(401, '{"error":"invalid_client"}'),
    { name: 'InvalidClientError', retryable: false, status: 401 },
  ],
  'knows no such client, in the documented format': [
    answer(401, '{"error":"access_denied","error_description":"Unauthorized"}'),
    { name: 'InvalidClientError', retryable: false, status: 401 },
  ],
  'knows no such client, with status 400': [
    answer(400, '{"error":"invalid_client"}'),
    { name: 'InvalidClientError', retryable: false, status: 400 },
  ],
  'did not grant the audience': [
    answer(400, '{"error":"invalid_target"}'),
    { name: 'AccessDeniedError', retryable: false, status: 400 },
  ],
  'refuses this address': [
    answer(403, '{"error":"access_denied"}'),
    { name: 'AccessDeniedError', retryable: false, status: 403 },
  ],
  'does not understand': [
    answer(400, '{"error":"invalid_request"}'),
    { name: 'ConfigError', retryable: false, status: 400 },
  ],
  'has no such path': [answer(404, ''), { name: 'ConfigError', retryable: false, status: 404 }],
  'answers errors of wrong types': [
    answer(400, '{"error":{"a":1},"error_description":[7]}'),
    { name: 'ConfigError', retryable: false, status: 400 },
  ],
}

describe('a token endpoint that', () => {
  for (const [what, [fault, expected]] of Object.entries(CASES)) {
    it(`${what} makes a ${expected.name}`, async () => {
      // The time runs out once the server has acted, however long that took.
      let timeIsOver = () => {}
      const after: Clock['after'] = (_, callback) => {
        timeIsOver = callback
        return () => {}
      }
      const stalls = expected.name === 'TimeoutError'
      const source = sourceOf(stalls ? { clock: { ...systemClock, after } } : {})
      faults = [
        (request, response) => {
          fault(request, response)
          if (stalls) setImmediate(timeIsOver)
        },
      ]
      await assert.rejects(source.token(), (error: Error) => {
        const properties = Object.fromEntries(
          Object.keys(expected).map((key) => [key, error[key as keyof Error]]),
        )
        assert.deepEqual(properties, expected)
        return true
      })
      assert.equal(await sourceOf().token(), 'good')
    })
  }

  it('always answers 429 gets one request per call, and no retries', async () => {
    const source = sourceOf()
    faults = Array.from({ length: 20 }, () => answer(429, '{}', { 'retry-after': '60' }))
    for (let count = 0; count < 20; count++) {
      await assert.rejects(source.token(), { code: 'rate_limited', retryAfterSeconds: 60 })
    }
    assert.equal(seen.length, 20)
    assert.equal(await source.token(), 'good')
  })

  it('redirects does not get the secret sent to the new address', async () => {
    const source = sourceOf()
    faults = [answer(307, '', { location: `${address()}/other` })]
    await assert.rejects(source.token(), /never sent to another address/)
    assert.deepEqual(
      seen.map(({ url }) => url),
      ['/token'],
    )
  })
})

describe('a secret or a token never appears', () => {
  const JWT = 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJjbGllbnQtMSJ9.c2lnbmF0dXJl'
  const form = new URLSearchParams({ '': SECRET }).toString().slice(1)

  function assertSilent(thing: unknown): void {
    const shown = [
      inspect(thing, { showHidden: true, depth: 10 }),
      inspect(thing, { showHidden: true, depth: 10, getters: true, showProxy: true }),
      format('%o %O %j %s', thing, thing, thing, thing),
      JSON.stringify(thing),
      inspect(cloned(thing), { depth: 10 }),
      String(thing),
      thing instanceof Error ? `${thing.stack}${JSON.stringify(Object.entries(thing))}` : '',
    ].join('\n')
    for (const secret of [SECRET, form, encodeURIComponent(SECRET), JWT]) {
      assert.ok(!shown.includes(secret), shown)
    }
  }

  /** The value as received by a worker; null when it cannot be cloned. */
  function cloned(thing: unknown): unknown {
    try {
      return structuredClone(thing)
    } catch {
      return null
    }
  }

  it('in the source or the current token', async () => {
    const source = sourceOf()
    faults = [
      answer(200, JSON.stringify({ access_token: JWT, token_type: 'Bearer', expires_in: 60 })),
    ]
    assertSilent(source)
    assert.equal(await source.token(), JWT)
    assertSilent(source)
    assertSilent(await source.held())
    assertSilent({ nested: [source, await source.held()] })
    assertSilent(new Map([[source, await source.held()]]))
  })

  it('in the error when the server echoes the request', async () => {
    const echo: Fault = (_, response) => {
      const { body } = seen.at(-1) as { body: string }
      const error_description = `You sent ${body}, that is ${SECRET}, ${JWT}\n\u001b[31m`
      response.writeHead(400, { 'x-request-id': SECRET.slice(0, 20) })
      response.end(JSON.stringify({ error: `bad ${SECRET}`, error_description }))
    }
    const lines: string[] = []
    const source = sourceOf({ logger: { warn: (line) => lines.push(line) } })
    faults = [echo]
    const error = await source.token().catch((thrown) => thrown)
    assert.match(error.message, /You sent .*\[redacted\]/)
    assert.doesNotMatch(error.message, /\p{Control}/u)
    assertSilent(error)
    assertSilent(lines)
  })

  it('in the error when fetch fails with the request attached', async () => {
    const fetch: typeof globalThis.fetch = async (_, init) => {
      const cause = Object.assign(new Error(`failed: ${init?.body}`), { code: 'EPIPE', init })
      throw Object.assign(new TypeError(`fetch failed with ${SECRET}`, { cause }), { init })
    }
    const error = await sourceOf({ fetch })
      .token()
      .catch((thrown) => thrown)
    assert.match(error.message, /cannot be reached \(EPIPE\)/)
    assertSilent(error)
  })

  it('in the error when the secret cannot be read', async () => {
    const client_secret = () => {
      throw new SyntaxError(`Unexpected token in ${SECRET}`)
    }
    const error = await sourceOf({ client_secret })
      .token()
      .catch((thrown) => thrown)
    assert.equal(error.name, 'ConfigError')
    assertSilent(error)
  })

  it('and the error has the server’s request id', async () => {
    faults = [answer(500, '', { 'x-request-id': 'r-17' })]
    await assert.rejects(sourceOf().token(), { requestId: 'r-17' })
  })
})
