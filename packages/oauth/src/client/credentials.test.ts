import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { decodeJwt, decodeProtectedHeader, exportJWK, generateKeyPair, jwtVerify } from 'jose'
import type { ClientKey } from './credentials.ts'
import { grant, json, SECRET, setUp, TOKEN_ENDPOINT } from './token-source.fixture.ts'
import { TokenSource } from './token-source.ts'
import type { TokenSourceOptions } from './token-source-options.ts'

const HOUR = 3_600_000
const pair = await generateKeyPair('ES256', { extractable: true })
const jwk = { ...(await exportJWK(pair.privateKey)), kid: 'k1' }
const UNAUTHORIZED = { error: 'access_denied', error_description: 'Unauthorized' }

describe('the secret', () => {
  it('is read again for each exchange', async () => {
    let reads = 0
    const { source, server, clock } = setUp({ client_secret: async () => `secret-${++reads}` })
    await source.token()
    clock.advance(25 * HOUR)
    await source.token()
    const sent = server.requests.map(({ form }) => form.get('client_secret'))
    assert.deepEqual(sent, ['secret-1', 'secret-2'])
  })

  it('that was rotated is read again and tried once more', async () => {
    const secrets = ['old', 'new']
    const { source, server, events } = setUp({ client_secret: () => secrets.shift() ?? 'new' })
    server.answer = ({ form }) =>
      form.get('client_secret') === 'new' ? grant(7) : json(UNAUTHORIZED, 401)
    assert.equal(await source.token(), 't7')
    assert.deepEqual(
      events.map(({ kind }) => kind),
      ['secret_reread', 'obtained'],
    )
  })

  it('is tried once more only: another refusal is the answer', async () => {
    let reads = 0
    const { source, server } = setUp({ client_secret: () => `secret-${++reads}` })
    server.answer = () => json(UNAUTHORIZED, 401)
    await assert.rejects(source.token(), { name: 'InvalidClientError' })
    assert.equal(server.requests.length, 2)
  })

  it('that is unchanged is not sent twice: each attempt counts as a failure', async () => {
    for (const client_secret of [SECRET, () => SECRET]) {
      const { source, server } = setUp({ client_secret })
      server.answer = () => json(UNAUTHORIZED, 401)
      await assert.rejects(source.token(), { name: 'InvalidClientError' })
      assert.equal(server.requests.length, 1)
    }
  })

  it('is not read again when something else is wrong', async () => {
    let reads = 0
    const { source, server } = setUp({ client_secret: () => `secret-${++reads}` })
    server.answer = () => json({ error: 'access_denied' }, 403)
    await assert.rejects(source.token(), { name: 'AccessDeniedError' })
    assert.equal(reads, 1)
  })

  it('that is empty is an error, and is not sent', async () => {
    const { source, server } = setUp({ client_secret: () => '' })
    await assert.rejects(source.token(), { name: 'ConfigError', message: /client_secret is empty/ })
    assert.equal(server.requests.length, 0)
  })
})

describe('private_key_jwt', () => {
  const issuer = 'https://auth.example'

  function setUpWith(client_key: ClientKey) {
    const { clock, server, fetch } = setUp()
    const source = new TokenSource({
      token_endpoint: TOKEN_ENDPOINT,
      issuer,
      client_id: 'client-1',
      client_key,
      audience: 'https://api.example',
      fetch,
      clock,
    })
    const assertions = () => server.requests.map(({ form }) => form.get('client_assertion') ?? '')
    return { source, server, clock, assertions }
  }

  it('signs for the issuer, for a minute, each time with another jti', async () => {
    for (const client_key of [
      { key: jwk, alg: 'ES256' },
      { key: pair.privateKey, alg: 'ES256', kid: 'k1' },
    ] as const) {
      const { source, server, clock, assertions } = setUpWith(client_key)
      await source.token()
      const nowSeconds = Math.floor(clock.wallMs() / 1000)
      const [assertion = ''] = assertions()
      const { payload } = await jwtVerify(assertion, pair.publicKey, {
        audience: issuer,
        currentDate: new Date(clock.wallMs()),
      })
      const { jti, ...claims } = payload
      assert.deepEqual(claims, {
        iss: 'client-1',
        sub: 'client-1',
        aud: issuer,
        iat: nowSeconds,
        exp: nowSeconds + 60,
      })
      assert.equal(decodeProtectedHeader(assertion).kid, 'k1')
      assert.equal(server.requests[0]?.form.get('client_secret'), null)
      clock.advance(25 * HOUR)
      await source.token()
      assert.notEqual(decodeJwt(assertions()[1] ?? '').jti, jti)
    }
  })

  it('learns the server’s time from its refusal, and signs once more by that', async () => {
    const { source, server, clock, assertions } = setUpWith({ key: jwk, alg: 'ES256' })
    const serverMs = clock.wallMs()
    clock.setWall(0)
    const date = new Date(serverMs).toUTCString()
    server.answer = ({ form }) => {
      const { iat = 0 } = decodeJwt(form.get('client_assertion') ?? '')
      const fresh = Math.abs(iat * 1000 - serverMs) < 60_000
      return fresh ? grant(1) : json(UNAUTHORIZED, 401, { date })
    }
    assert.equal(await source.token(), 't1')
    assert.equal(assertions().length, 2)
    assert.ok(Math.abs(source.serverClock.nowMs() - serverMs) < 1500)
  })

  it('with a right clock is refused once, not twice', async () => {
    const { source, server, clock } = setUpWith({ key: jwk, alg: 'ES256' })
    server.answer = () =>
      json(UNAUTHORIZED, 401, { date: new Date(clock.wallMs() + 2000).toUTCString() })
    await assert.rejects(source.token(), { name: 'InvalidClientError' })
    assert.equal(server.requests.length, 1)
  })

  it('with a key that cannot sign is an error, and sends nothing', async () => {
    const publicJwk = await exportJWK(pair.publicKey)
    for (const key of [publicJwk, { kty: 'EC' }, pair.publicKey]) {
      const { source, server } = setUpWith({ key, alg: 'ES256' })
      await assert.rejects(source.token(), { name: 'ConfigError' })
      assert.equal(server.requests.length, 0)
    }
  })
})

describe('the server’s clock', () => {
  it('is learned from Date, and ours trusted when the two hardly differ', async () => {
    const { source, server, clock } = setUp()
    const skews = [
      [0, 0],
      [900, 0],
      [3_600_000, 3_600_000],
      [-86_400_000, -86_400_000],
    ] as const
    for (const [skewMs, known] of skews) {
      server.answer = () => {
        const date = new Date(clock.wallMs() + skewMs).toUTCString()
        return json({ access_token: 't', token_type: 'Bearer', expires_in: 1 }, 200, { date })
      }
      clock.advance(10_000)
      await source.token()
      assert.ok(Math.abs(source.serverClock.nowMs() - clock.wallMs() - known) <= 1000, `${skewMs}`)
    }
  })

  it('is unknown after ours was set', async () => {
    const { source, server, clock } = setUp()
    const rightMs = clock.wallMs()
    server.answer = () => {
      const date = new Date(rightMs).toUTCString()
      return json({ access_token: 't', token_type: 'Bearer', expires_in: 9 }, 200, { date })
    }
    clock.setWall(0)
    await source.token()
    assert.ok(Math.abs(source.serverClock.nowMs() - rightMs) < 1500)
    clock.setWall(rightMs)
    assert.equal(source.serverClock.nowMs(), rightMs)
  })

  it('is not learned from an invalid Date', async () => {
    const { source, server, clock } = setUp()
    server.answer = () => {
      const headers = { date: 'yesterday' }
      return json({ access_token: 't', token_type: 'Bearer', expires_in: 9 }, 200, headers)
    }
    await source.token()
    assert.equal(source.serverClock.nowMs(), clock.wallMs())
  })
})

describe('invalid options', () => {
  const good: TokenSourceOptions = {
    token_endpoint: TOKEN_ENDPOINT,
    client_id: 'client-1',
    client_secret: SECRET,
    audience: 'https://api.example',
  }
  const cases: readonly (readonly [string, Record<string, unknown>, RegExp])[] = [
    ['no address', { token_endpoint: undefined }, /token_endpoint is not set, and neither/],
    ['no URL', { token_endpoint: 'auth.example' }, /token_endpoint is not an absolute URL/],
    ['another scheme', { token_endpoint: 'ftp://auth.example' }, /is not an https: URL/],
    ['plain http', { token_endpoint: 'http://auth.example/token' }, /must be https: outside/],
    ['a password in the URL', { token_endpoint: 'https://a:b@auth.example' }, /must not hold a/],
    ['an issuer in plain http', { issuer: 'http://auth.example' }, /issuer must be https:/],
    ['no client', { client_id: '' }, /client_id is not set/],
    ['no audience', { audience: undefined }, /audience is not set/],
    ['no secret', { client_secret: undefined }, /client_secret is not set, and neither/],
    ['secret and key', { client_key: {} }, /both set/],
    ['a key without issuer', { client_key: {}, client_secret: undefined }, /needs issuer/],
    ['a file', { client_secret: 'file:/run/secret' }, /@modulariot\/oauth\/node/],
    ['no time', { timeoutMs: 0 }, /timeoutMs/],
  ]
  for (const [why, change, message] of cases) {
    it(`are reported at once: ${why}`, () => {
      const options = { ...good, ...change } as TokenSourceOptions
      assert.throws(() => new TokenSource(options), { name: 'ConfigError', message })
    })
  }

  it('are reported all at once, and without the secret', () => {
    const options = { ...good, client_id: '', audience: '', token_endpoint: SECRET }
    assert.throws(
      () => new TokenSource(options),
      (error: Error) =>
        /client_id.*audience/.test(error.message) && !error.message.includes(SECRET),
    )
  })

  it('do not include plain http to this machine, or when the caller allows it', () => {
    for (const host of ['localhost:8080', '127.0.0.1', '[::1]:1', 'auth.localhost']) {
      new TokenSource({ ...good, token_endpoint: `http://${host}/token` })
    }
    const token_endpoint = 'http://auth.internal/token'
    new TokenSource({ ...good, token_endpoint, allowInsecureRequests: true })
  })

  it('include a browser', () => {
    Object.assign(globalThis, { window: {} })
    try {
      assert.throws(() => new TokenSource(good), { name: 'ConfigError', message: /browser/ })
    } finally {
      Reflect.deleteProperty(globalThis, 'window')
    }
  })
})

describe('an issuer without a token_endpoint', () => {
  const issuer = 'https://auth.example/tenant'

  function setUpDiscovery(metadata: (url: string) => Response) {
    const urls: string[] = []
    const fetch: typeof globalThis.fetch = async (input) => {
      urls.push(String(input))
      return String(input).includes('well-known') ? metadata(String(input)) : grant(1)
    }
    const source = new TokenSource({
      issuer,
      client_id: 'client-1',
      client_secret: SECRET,
      audience: 'https://api.example',
      fetch,
    })
    return { source, urls }
  }

  it('is queried for the endpoint once', async () => {
    const { source, urls } = setUpDiscovery(() =>
      json({ issuer, token_endpoint: 'https://tokens.example/t' }),
    )
    assert.equal(await source.token(), 't1')
    source.forget('t1')
    await source.token()
    assert.deepEqual(urls, [
      'https://auth.example/.well-known/oauth-authorization-server/tenant',
      'https://tokens.example/t',
      'https://tokens.example/t',
    ])
  })

  it('may have its document after its path', async () => {
    const { source } = setUpDiscovery((url) =>
      url.startsWith(`${issuer}/`)
        ? json({ issuer, token_endpoint: 'https://tokens.example/t' })
        : json({}, 404),
    )
    assert.equal(await source.token(), 't1')
  })

  const cases: readonly (readonly [string, () => Response, object])[] = [
    [
      'of another issuer',
      () => json({ issuer: 'https://evil.example', token_endpoint: 'https://evil.example/t' }),
      { name: 'ConfigError', message: /expected issuer/ },
    ],
    ['without the address', () => json({ issuer }), { name: 'ConfigError' }],
    [
      'that leads to plain http',
      () => json({ issuer, token_endpoint: 'http://tokens.example/t' }),
      { name: 'ConfigError', message: /must be https:/ },
    ],
    ['that is not JSON', () => new Response('<html>'), { name: 'ConfigError' }],
    ['that is temporarily unavailable', () => json({}, 503), { name: 'ServerError', status: 503 }],
  ]
  for (const [why, metadata, expected] of cases) {
    it(`with a document ${why} does not get the secret`, async () => {
      const { source, urls } = setUpDiscovery(metadata)
      await assert.rejects(source.token(), expected)
      assert.ok(urls.every((url) => url.includes('well-known')))
    })
  }
})
