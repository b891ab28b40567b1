import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { requestToken, TokenEndpointError, type TokenRequestOptions } from './request-token.ts'

const OPTIONS: TokenRequestOptions = {
  token_endpoint: 'https://auth.example/oauth2/token',
  client_id: 'client-1',
  client_secret: 's&c=r+t %é',
  audience: 'https://api.example/v1',
}

const TOKEN = {
  access_token: 'a.b.c',
  token_type: 'Bearer',
  expires_in: 86_400,
  refresh_in: 80_000,
  scope: 'asset:track:write',
}

/** A fetch that returns this answer, and the requests it was given. */
function fakeFetch(answer: () => Response) {
  const requests: Request[] = []
  const fetch: typeof globalThis.fetch = async (input, init) => {
    requests.push(new Request(input as string, init))
    return answer()
  }
  return { fetch, requests }
}

function json(value: unknown, status = 200, headers: Record<string, string> = {}): Response {
  return new Response(JSON.stringify(value), { status, headers })
}

/** The error for a request with this answer. */
async function errorOf(answer: Response): Promise<TokenEndpointError> {
  const error = await requestToken(OPTIONS, fakeFetch(() => answer).fetch).catch((thrown) => thrown)
  assert.ok(error instanceof TokenEndpointError)
  return error
}

describe('requestToken', () => {
  it('posts the credentials as a form, and nothing more', async () => {
    const { fetch, requests } = fakeFetch(() => json(TOKEN))
    await requestToken(OPTIONS, fetch)
    const [request] = requests as [Request]
    assert.equal(request.method, 'POST')
    assert.equal(request.url, OPTIONS.token_endpoint)
    assert.match(request.headers.get('content-type') ?? '', /^application\/x-www-form-urlencoded/)
    assert.equal(request.headers.get('accept'), 'application/json')
    assert.equal(request.headers.get('authorization'), null)
    assert.deepEqual(Object.fromEntries(new URLSearchParams(await request.text())), {
      grant_type: 'client_credentials',
      client_id: 'client-1',
      client_secret: 's&c=r+t %é',
      audience: 'https://api.example/v1',
    })
  })

  it('requests the scope when there is one', async () => {
    const { fetch, requests } = fakeFetch(() => json(TOKEN))
    await requestToken({ ...OPTIONS, scope: 'a b' }, fetch)
    const body = new URLSearchParams(await (requests[0] as Request).text())
    assert.equal(body.get('scope'), 'a b')
  })

  it('sends the secret only to the token endpoint: no redirect is followed', async () => {
    for (const status of [301, 302, 303, 307, 308]) {
      const headers = { location: 'https://elsewhere.example/token' }
      const { fetch, requests } = fakeFetch(() => new Response(null, { status, headers }))
      await assert.rejects(requestToken(OPTIONS, fetch), { status, error: 'redirected' })
      assert.deepEqual(
        requests.map((request) => request.redirect),
        ['manual'],
      )
    }
  })

  it('sends nothing in clear text except to this machine', async () => {
    const token_endpoint = 'http://auth.example/token'
    const { fetch, requests } = fakeFetch(() => json(TOKEN))
    await assert.rejects(requestToken({ ...OPTIONS, token_endpoint }, fetch), {
      code: 'config_error',
      message: /token_endpoint must be https/,
    })
    assert.equal(requests.length, 0)
    await requestToken({ ...OPTIONS, token_endpoint: 'http://localhost:8080/token' }, fetch)
    await requestToken({ ...OPTIONS, token_endpoint, allowInsecureRequests: true }, fetch)
    assert.equal(requests.length, 2)
  })

  it('returns the answer unchanged', async () => {
    assert.deepEqual(await requestToken(OPTIONS, fakeFetch(() => json(TOKEN)).fetch), TOKEN)
  })

  it('sends one request, and does not try again when it is refused', async () => {
    const { fetch, requests } = fakeFetch(() => json({ error: 'server_error' }, 500))
    await assert.rejects(requestToken(OPTIONS, fetch))
    assert.equal(requests.length, 1)
  })

  it('throws what fetch throws when the network fails', async () => {
    const failure = new TypeError('fetch failed')
    const fetch = () => Promise.reject(failure)
    await assert.rejects(requestToken(OPTIONS, fetch), (error) => error === failure)
  })
})

describe('an answer without a token', () => {
  it('becomes an error with its code, description, status and request id', async () => {
    const body = { error: 'invalid_client', error_description: 'No such client' }
    const { status, error, message, requestId } = await errorOf(
      json(body, 401, { 'x-request-id': 'r-1' }),
    )
    assert.deepEqual(
      { status, error, message, requestId },
      { status: 401, error: 'invalid_client', message: 'No such client', requestId: 'r-1' },
    )
  })

  it('shows no secret that the server echoes, and no terminal control characters', async () => {
    const error_description = `got ${OPTIONS.client_secret}\u202e\u001b[2J`
    const { message } = await errorOf(json({ error: 'x', error_description }, 400))
    assert.equal(message, 'got [redacted] [2J')
  })

  const answers: readonly (readonly [why: string, answer: () => Response, status: number])[] = [
    ['HTML from a proxy', () => new Response('<h1>Bad gateway</h1>', { status: 502 }), 502],
    ['HTML with status 200', () => new Response('<h1>Log in</h1>'), 200],
    ['no body', () => new Response(null, { status: 204 }), 204],
    ['JSON cut short', () => new Response('{"access_token":"a'), 200],
    ['an empty object', () => json({}), 200],
    ['null', () => json(null), 200],
    ['a string', () => json('a.b.c'), 200],
    ['an array', () => json(['a.b.c']), 200],
    ['a token that is not a string', () => json({ ...TOKEN, access_token: 7 }), 200],
    ['a token that is null', () => json({ ...TOKEN, access_token: null }), 200],
    ['a token in an error', () => json(TOKEN, 400), 400],
    ['a token in a 201', () => json(TOKEN, 201), 201],
    ['a token of another type', () => json({ ...TOKEN, token_type: 'DPoP' }), 200],
    ['a token without a type', () => json({ ...TOKEN, token_type: undefined }), 200],
    ['a token that would be two header lines', () => json({ ...TOKEN, access_token: 'a\nb' }), 200],
    ['an empty token', () => json({ ...TOKEN, access_token: '' }), 200],
    ['longer than 64 KiB', () => json({ ...TOKEN, pad: 'x'.repeat(65_536) }), 200],
    [
      'an error that is not a string',
      () => json({ error: { code: 7 }, error_description: 7 }, 400),
      400,
    ],
  ]
  for (const [why, answer, status] of answers) {
    it(`is reported as unexpected when it is ${why}`, async () => {
      const error = await errorOf(answer())
      assert.equal(error.status, status)
      assert.equal(error.error, 'unexpected_answer')
      assert.equal(error.message, `The token endpoint answered ${status} without a token`)
      assert.equal(error.requestId, null)
    })
  }
})
