import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { VirtualClock } from '../transport/virtual-clock.fixture.ts'
import { challenge } from './challenge.ts'
import { DiscoveredKeys } from './discovered-keys.ts'
import { AUDIENCE, CLAIMS, ISSUER, keys, NOW, sign } from './verifier.fixture.ts'
import { createVerifier } from './verifier.ts'

const JWKS_URI = 'https://keys.example/jwks.json'
const METADATA_URL = `${ISSUER}/.well-known/oauth-authorization-server`

/** A verifier given an issuer and an audience, and the server it discovers. */
function setUp(metadata: object = { issuer: ISSUER, jwks_uri: JWKS_URI }) {
  const urls: string[] = []
  const server = {
    metadata: async (): Promise<Response> => Response.json(metadata),
    jwks: async () => Response.json({ keys: [keys.ES256.public_jwk] }),
  }
  const fetch: typeof globalThis.fetch = (input) => {
    urls.push(String(input))
    return String(input) === METADATA_URL ? server.metadata() : server.jwks()
  }
  const now = () => NOW * 1000
  const verifier = createVerifier({ issuer: ISSUER, audience: AUDIENCE, fetch, now })
  return { urls, server, verify: (token: string) => verifier.verify(`Bearer ${token}`) }
}

describe('a verifier that knows the issuer only', () => {
  it('finds its keys through the metadata, once for a thousand requests', async () => {
    const { urls, verify } = setUp()
    assert.deepEqual(urls, [])
    const token = await sign(CLAIMS)
    const all = await Promise.all(Array.from({ length: 1000 }, () => verify(token)))
    assert.ok(all.every(({ client_id }) => client_id === 'client-1'))
    assert.deepEqual(urls, [METADATA_URL, JWKS_URI])
  })

  it('fetches nothing for a token whose form is wrong', async () => {
    const { urls, verify } = setUp()
    await assert.rejects(verify('a.b.c'), { status: 401 })
    assert.deepEqual(urls, [])
  })

  const cases: Readonly<Record<string, object>> = {
    'of another issuer': { issuer: 'https://evil.example', jwks_uri: JWKS_URI },
    'of an issuer that is almost the same': { issuer: `${ISSUER}/`, jwks_uri: JWKS_URI },
    'without jwks_uri': { issuer: ISSUER },
    'with keys in plain http': { issuer: ISSUER, jwks_uri: 'http://keys.example/' },
    'without an issuer': {},
  }
  for (const [what, metadata] of Object.entries(cases)) {
    it(`does not trust a document ${what}`, async () => {
      const { urls, verify } = setUp(metadata)
      await assert.rejects(verify(await sign(CLAIMS)), { status: 503 })
      assert.deepEqual(urls, [METADATA_URL])
    })
  }

  it('queries a server that is down once per second, not once per request', async () => {
    const { urls, server, verify } = setUp()
    server.metadata = () => Promise.reject(new TypeError('fetch failed'))
    const token = await sign(CLAIMS)
    for (let count = 0; count < 50; count++) await assert.rejects(verify(token), { status: 503 })
    assert.equal(urls.length, 1)
  })

  it('reports why it has no keys to the operator only', async () => {
    const { verify } = setUp({ issuer: 'https://evil.example', jwks_uri: JWKS_URI })
    const error = await verify(await sign(CLAIMS)).catch((thrown) => thrown)
    assert.match(error.cause.message, /found "https:\/\/evil.example"/)
    assert.doesNotMatch(JSON.stringify(challenge(error)), /issuer/)
  })
})

describe('keys that cannot be fetched', () => {
  it('have their cause in each refusal until the next attempt', async () => {
    const { urls, server, verify } = setUp()
    server.jwks = async () => new Response(null, { status: 500 })
    const token = await sign(CLAIMS)
    for (let count = 0; count < 3; count++) {
      await assert.rejects(verify(token), { status: 503, message: /JWKS endpoint answered 500/ })
    }
    assert.deepEqual(urls, [METADATA_URL, JWKS_URI])
  })
})

describe('keys that moved to another address', () => {
  it('are discovered again once the known ones are no longer usable', async () => {
    const clock = new VirtualClock()
    const urls: string[] = []
    let jwks_uri = JWKS_URI
    const fetch: typeof globalThis.fetch = async (input) => {
      urls.push(String(input))
      if (String(input) === METADATA_URL) return Response.json({ issuer: ISSUER, jwks_uri })
      if (String(input) !== jwks_uri) return new Response(null, { status: 404 })
      return Response.json({ keys: [keys.ES256.public_jwk] })
    }
    const found = new DiscoveredKeys({ issuer: ISSUER, fetch, clock })
    const header = { alg: 'ES256', kid: 'ES256' } as const
    assert.notEqual(await found.find(header), null)
    jwks_uri = 'https://keys.example/new.json'
    clock.advance(24 * 3_600_000 + 1)
    await assert.rejects(found.find(header), { status: 503 })
    assert.notEqual(await found.find(header), null, 'the next request has them')
    assert.deepEqual(urls, [METADATA_URL, JWKS_URI, JWKS_URI, METADATA_URL, jwks_uri])
  })
})

describe('a verifier that cannot work', () => {
  const cases: readonly (readonly [object, RegExp])[] = [
    [{ audience: AUDIENCE }, /issuer is not set/],
    [{ issuer: ISSUER }, /audience is not set/],
    [{ issuer: ISSUER, audience: '' }, /audience is not set/],
    [{ issuer: 'http://auth.example', audience: AUDIENCE }, /issuer must be https/],
    [{ issuer: 'auth', audience: AUDIENCE }, /issuer is not an absolute URL/],
  ]
  for (const [options, message] of cases) {
    it(`is refused on creation: ${message.source}`, () => {
      assert.throws(() => createVerifier(options as never), { name: 'TypeError', message })
    })
  }
})
