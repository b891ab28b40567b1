import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, it } from 'node:test'
import { type AuthorizedFetchOptions, createAuthorizedFetch } from './authorized-fetch.ts'
import { grant, networkFailure, setUp } from './token-source.fixture.ts'

const API = 'https://api.example'
const MINUTE = 60_000

/** An API that accepts the tokens in `accepted`, and a token that is a minute old. */
async function setUpApi(options: Partial<AuthorizedFetchOptions> = {}) {
  const { source, server, clock } = setUp()
  const accepted = new Set(['t1'])
  const api = {
    requests: [] as { token: string; body: unknown }[],
    accepted,
    refusal: () => new Response('no', { status: 401 }),
  }
  const fetch: typeof globalThis.fetch = async (input, init) => {
    const request = new Request(input, init)
    const token = (request.headers.get('authorization') ?? '').replace('Bearer ', '')
    api.requests.push({ token, body: await request.text() })
    return accepted.has(token) ? new Response('ok') : api.refusal()
  }
  const authorized = createAuthorizedFetch(source, { origins: API, fetch, clock, ...options })
  await source.token()
  clock.advance(MINUTE)
  return { source, server, clock, api, authorized }
}

describe('an authorized fetch', () => {
  it('carries the token, and leaves the rest of the request as it was', async () => {
    const { authorized, api } = await setUpApi()
    const init = { method: 'POST', headers: { 'x-request-id': 'r1' }, body: 'b' }
    assert.equal((await authorized(`${API}/v1`, init)).status, 200)
    assert.deepEqual(api.requests, [{ token: 't1', body: 'b' }])
    const request = new Request(`${API}/v1`, { headers: { authorization: 'Bearer mine' } })
    await authorized(request)
    assert.equal(api.requests[1]?.token, 't1')
  })

  it('sends the token only to the listed origins', async () => {
    const { authorized, api } = await setUpApi()
    for (const url of ['https://evil.example/', 'http://api.example/', `${API}:444/`]) {
      await assert.rejects(authorized(url), { name: 'ConfigError', message: /not among/ })
      await assert.rejects(authorized(new Request(url)), { name: 'ConfigError' })
    }
    assert.equal(api.requests.length, 0)
  })

  it('does not send the token when the API redirects to another origin', async () => {
    const seen: (string | undefined)[] = []
    const elsewhere = createServer((request, response) => {
      seen.push(request.headers.authorization)
      response.end()
    })
    const api = createServer((_, response) => {
      const { port } = elsewhere.address() as AddressInfo
      response.writeHead(307, { location: `http://127.0.0.1:${port}/` }).end()
    })
    for (const server of [elsewhere, api]) await once(server.listen(0, '127.0.0.1'), 'listening')
    const origins = `http://127.0.0.1:${(api.address() as AddressInfo).port}`
    try {
      const { source } = setUp()
      const response = await createAuthorizedFetch(source, { origins })(`${origins}/`)
      assert.equal(response.status, 200)
      assert.deepEqual(seen, [undefined])
    } finally {
      for (const server of [elsewhere, api]) server.close()
    }
  })

  it('is not created for plain http, or without origins', async () => {
    const { source } = setUp()
    for (const origins of ['http://api.example', [], 'api.example']) {
      assert.throws(() => createAuthorizedFetch(source, { origins }), { name: 'ConfigError' })
    }
  })
})

describe('a 401', () => {
  it('discards the token, gets another and sends the request once more', async () => {
    const { authorized, api, server } = await setUpApi()
    api.accepted.clear()
    api.accepted.add('t2')
    const response = await authorized(`${API}/v1`, { method: 'POST', body: 'b' })
    assert.equal(response.status, 200)
    assert.deepEqual(api.requests, [
      { token: 't1', body: 'b' },
      { token: 't2', body: 'b' },
    ])
    assert.equal(server.requests.length, 2)
  })

  it('that comes again is returned: never a third attempt', async () => {
    const { authorized, api } = await setUpApi()
    api.accepted.clear()
    const response = await authorized(`${API}/v1`)
    assert.equal(response.status, 401)
    assert.equal(await response.text(), 'no')
    assert.equal(api.requests.length, 2)
  })

  it('of a thousand concurrent requests causes one token request', async () => {
    const { authorized, api, server } = await setUpApi()
    api.accepted.clear()
    api.accepted.add('t2')
    const all = await Promise.all(Array.from({ length: 1000 }, () => authorized(`${API}/v1`)))
    assert.ok(all.every(({ status }) => status === 200))
    assert.equal(server.requests.length, 2)
    assert.equal(api.requests.length, 2000)
  })

  it('that arrives late, for a token already replaced, discards no other', async () => {
    const { authorized, api, server, source, clock } = await setUpApi()
    const late = Promise.withResolvers<Response>()
    const refuseLate = () => late.promise as unknown as Response
    api.accepted.clear()
    api.accepted.add('t2')
    api.refusal = refuseLate
    const slow = authorized(`${API}/slow`)
    await new Promise((resolve) => setImmediate(resolve))
    source.forget('t1')
    await source.token()
    clock.advance(MINUTE)
    late.resolve(new Response(null, { status: 401 }))
    assert.equal((await slow).status, 200)
    assert.equal(server.requests.length, 2)
  })

  it('for a new token is returned: another one would be refused, too', async () => {
    const { authorized, api, server, source, clock } = await setUpApi()
    api.accepted.clear()
    source.forget('t1')
    for (let count = 0; count < 50; count++) {
      assert.equal((await authorized(`${API}/v1`)).status, 401)
    }
    assert.equal(api.requests.length, 50)
    assert.equal(server.requests.length, 2)
    clock.advance(5000)
    await authorized(`${API}/v1`)
    assert.equal(server.requests.length, 3)
  })

  const bodies: readonly (readonly [string, () => RequestInit['body'], number])[] = [
    ['nothing', () => null, 2],
    ['text', () => 'text', 2],
    ['bytes', () => new Uint8Array([1, 2]), 2],
    ['a form', () => new URLSearchParams({ a: 'b' }), 2],
    ['parts', () => new FormData(), 2],
    ['a blob', () => new Blob(['b']), 2],
    ['a stream', () => new Blob(['b']).stream(), 1],
  ]
  for (const [what, body, tries] of bodies) {
    it(`of a request with ${what} causes ${tries === 2 ? 'a second attempt' : 'no second attempt'}`, async () => {
      const { authorized, api } = await setUpApi()
      api.accepted.clear()
      const init = { method: 'POST', body: body(), duplex: 'half' } as RequestInit
      assert.equal((await authorized(`${API}/v1`, init)).status, 401)
      assert.equal(api.requests.length, tries)
    })
  }

  it('of a Request object causes a second attempt only without a body', async () => {
    const { authorized, api } = await setUpApi()
    api.accepted.clear()
    await authorized(new Request(`${API}/v1`, { method: 'POST', body: 'b' }))
    assert.equal(api.requests.length, 1)
  })

  it('releases the first answer’s connection', async () => {
    const { authorized, api } = await setUpApi()
    let cancelled = false
    const body = new ReadableStream({
      cancel() {
        cancelled = true
      },
    })
    api.accepted.clear()
    api.accepted.add('t2')
    api.refusal = () => new Response(body, { status: 401 })
    await authorized(`${API}/v1`)
    assert.ok(cancelled)
  })

  it('releases the first answer’s connection, too, when no other token is available', async () => {
    const { authorized, api, server } = await setUpApi()
    let cancelled = 0
    const cancel = () => {
      cancelled += 1
    }
    api.refusal = () => new Response(new ReadableStream({ cancel }), { status: 401 })
    api.accepted.clear()
    server.answer = () => Promise.reject(networkFailure())
    await assert.rejects(authorized(`${API}/`), { code: 'network_error' })
    assert.equal(cancelled, 1)
  })

  it('while no other token is available becomes the token’s error', async () => {
    const { authorized, api, server } = await setUpApi()
    api.accepted.clear()
    server.answer = () => Promise.reject(networkFailure())
    await assert.rejects(authorized(`${API}/v1`), { name: 'NetworkError' })
    server.answer = () => grant(1)
    api.accepted.add('t1')
    assert.equal((await authorized(`${API}/v1`)).status, 200)
  })
})

describe('any other refusal', () => {
  for (const status of [400, 403, 404, 429, 500, 503]) {
    it(`is returned: ${status}`, async () => {
      const { authorized, api, server } = await setUpApi()
      api.accepted.clear()
      api.refusal = () => new Response(null, { status })
      assert.equal((await authorized(`${API}/v1`)).status, status)
      assert.equal(api.requests.length, 1)
      assert.equal(server.requests.length, 1)
    })
  }
})

describe('the caller’s signal', () => {
  it('ends the wait for the token, and the request is not sent', async () => {
    const { authorized, api, source } = await setUpApi()
    source.forget('t1')
    const signal = AbortSignal.abort(new Error('enough'))
    await assert.rejects(authorized(`${API}/v1`, { signal }), /enough/)
    await assert.rejects(authorized(new Request(`${API}/v1`, { signal })), /enough/)
    assert.equal(api.requests.length, 0)
  })
})
