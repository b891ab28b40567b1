import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { RevocationFeed, type RevocationFeedOptions } from './revocation-feed.ts'

const ISSUER = 'https://auth.example'
const METADATA = `${ISSUER}/.well-known/oauth-authorization-server`
const FEED = `${ISSUER}/elsewhere/feed`
const PAGE = { revocations: [], cursor: 'c', more: false }

/** A feed given only the issuer, and the server it discovers. */
function setUp(options: Partial<RevocationFeedOptions> = {}) {
  const urls: string[] = []
  const audiences: string[] = []
  const server = {
    metadata: { issuer: ISSUER, modulariot_revocation_feed_uri: FEED } as object,
    feed: async () => Response.json(PAGE),
  }
  const feed = new RevocationFeed({
    issuer: ISSUER,
    tokens: (audience) => {
      audiences.push(audience)
      return { token: async () => 't', forget() {} }
    },
    fetch: async (input) => {
      urls.push(String(input))
      return String(input) === METADATA ? Response.json(server.metadata) : server.feed()
    },
    ...options,
  })
  const request = () =>
    feed.request({ cursor: null, waitSeconds: 0, signal: new AbortController().signal })
  return { urls, audiences, server, request }
}

describe('a revocation feed known only by its issuer', () => {
  it('is found through the metadata, once, and its address is the audience of the tokens', async () => {
    const { urls, audiences, request } = setUp()
    assert.deepEqual(await request(), PAGE)
    assert.deepEqual(await request(), PAGE)
    assert.deepEqual(urls, [METADATA, FEED, FEED])
    assert.deepEqual(audiences, [FEED])
  })

  it('is looked up again when it has moved', async () => {
    const { urls, server, request } = setUp()
    await request()
    server.feed = async () => new Response(null, { status: 404 })
    await assert.rejects(request(), /answered 404/)
    server.feed = async () => Response.json(PAGE)
    await request()
    assert.deepEqual(urls, [METADATA, FEED, FEED, METADATA, FEED])
  })

  const cases: Readonly<Record<string, readonly [object, RegExp]>> = {
    'that names none': [{ issuer: ISSUER }, /names no revocation feed/],
    'of another issuer': [
      { issuer: 'https://evil.example', modulariot_revocation_feed_uri: FEED },
      /expected issuer/,
    ],
    'that names one in plain http': [
      { issuer: ISSUER, modulariot_revocation_feed_uri: 'http://auth.example/feed' },
      /must be https/,
    ],
    'that names no address': [
      { issuer: ISSUER, modulariot_revocation_feed_uri: ['x'] },
      /names no revocation feed/,
    ],
  }
  for (const [what, [metadata, message]] of Object.entries(cases)) {
    it(`gets no token from metadata ${what}`, async () => {
      const { urls, audiences, server, request } = setUp()
      server.metadata = metadata
      await assert.rejects(request(), message)
      assert.deepEqual([urls, audiences], [[METADATA], []])
    })
  }

  it('needs one of issuer and feed_uri, not both', () => {
    const message = /set feed_uri or issuer/
    assert.throws(() => setUp({ feed_uri: FEED }), { name: 'TypeError', message })
    const tokens = { token: async () => 't', forget() {} }
    assert.throws(() => new RevocationFeed({ tokens }), { name: 'TypeError', message })
    assert.throws(
      () => new RevocationFeed({ tokens, issuer: 'http://auth.example' }),
      /issuer must be https/,
    )
  })
})
