import assert from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import { OAuthError } from '@modulariot/oauth/protocol'
import { noMetrics } from '@modulariot/platform/metrics'
import Fastify, { type FastifyInstance } from 'fastify'
import { ApiError } from '../errors/api-error.ts'
import { HeavyReader } from '../ingest/heavy-reader.ts'
import { ClientBudget } from '../limits/client-budget.ts'
import { createApiMetrics } from '../metrics/api-metrics.ts'
import { createCharts } from '../read/charts.ts'
import { isSealed } from '../store/packed.ts'
import type { Asset, Observation, TelemetryStore } from '../store/store.ts'
import { claimsWith, NOW_MS } from '../testing.ts'
import { mountApiRoutes } from './mount.ts'
import { OpenStreams } from './open-streams.ts'

const CLAIMS = claimsWith({})
const ASSET: Asset = {
  asset_id: 'truck/1',
  type: null,
  timestamp_ms: NOW_MS,
  first_received_ms: NOW_MS,
  last_received_ms: NOW_MS,
  payload: '{}',
}
const BODY = JSON.stringify({ asset_id: 'truck', timestamp: '2026-01-02T03:04:05Z' })
const HEADERS = {
  'content-type': 'application/json',
  'x-request-id': 'a-1',
  'x-request-timestamp': String(NOW_MS / 1000),
}

/** The observations that the routes queued, newest last. */
let queued: Observation[]
/** The assets whose erasure the trail has. */
const recorded: string[] = []
/** The number of observations that the queue has room for. */
let room = 1000
let app: FastifyInstance

/** A verifier that reads the token's scope from the token itself. */
const verifier = {
  verify: async (authorization?: string, { scope }: { scope?: string } = {}) => {
    const held = authorization?.split(' ')[1]
    if (held === undefined) throw new OAuthError('invalid_token', 'No', 401, { kind: 'no_token' })
    if (held !== scope) {
      const reason = { kind: 'insufficient_scope', client_id: 'c', scope: `${scope}` } as const
      throw new OAuthError('insufficient_scope', 'No', 403, reason)
    }
    return CLAIMS
  },
}

const budget = new ClientBudget({ msPerSecond: 0, burstSeconds: 0 }, Date.now)

before(async () => {
  queued = []
  app = Fastify()
  const store: Partial<TelemetryStore> = {
    findAsset: async (_tenant, asset_id) => (asset_id === ASSET.asset_id ? ASSET : null),
    listAssets: async () => ({ rows: [ASSET], next: null }),
    // `new` arrives after `findAsset` has not found it.
    eraseAsset: async (_tenant, asset_id) =>
      [ASSET.asset_id, 'new'].includes(asset_id) ? { compacted: true } : null,
  }
  await app.register((scope) =>
    mountApiRoutes(scope, {
      verifier,
      store: store as TelemetryStore,
      recordErasure: async ({ asset_id }) => void recorded.push(asset_id),
      recordRefusal: () => {},
      charts: createCharts(),
      heavy: new HeavyReader(budget),
      budget,
      streams: new OpenStreams(),
      queue: {
        commit: async (observation) => {
          if (isSealed(observation)) return 'stored'
          const replayed = queued.some(({ request_id }) => request_id === observation.request_id)
          queued.push(observation)
          return replayed ? 'replayed' : 'stored'
        },
        hold: () => assert.fail(),
        assertRoom: ({ items }) => {
          if (items > room) throw new ApiError(429, 'Too many requests', 'Later')
        },
      },
      audience: 'https://api.example',
      issuer: 'https://auth.example',
      baseUrl: 'https://api.example',
      now: () => NOW_MS,
      validation: 'strict',
      metrics: createApiMetrics(noMetrics),
    }),
  )
})

interface Sent {
  readonly scope?: string | null
  readonly headers?: Record<string, string>
  readonly body?: string | Buffer
}

function track({ scope = 'asset:track:write', headers = {}, body = BODY }: Sent = {}) {
  const authorization: Record<string, string> =
    scope === null ? {} : { authorization: `Bearer ${scope}` }
  return app.inject({
    method: 'POST',
    url: '/v1/asset/track',
    headers: { ...HEADERS, ...authorization, ...headers },
    body,
  })
}

const read = (url: string, scope = 'asset:track:read') =>
  app.inject({ method: 'GET', url, headers: { authorization: `Bearer ${scope}` } })

describe('POST /v1/asset/track', () => {
  it('responds as documented, and to a replay with Idempotent-Replay', async () => {
    const first = await track({ headers: { 'x-request-id': 'new' } })
    assert.equal(first.statusCode, 200, first.body)
    assert.equal(first.body, '{"status":"success","message":"Message sent successfully"}')
    assert.equal(first.headers['idempotent-replay'], undefined)
    const again = await track({ headers: { 'x-request-id': 'new' } })
    assert.equal(again.body, first.body)
    assert.equal(again.headers['idempotent-replay'], 'true')
  })

  it('stores the body as sent, without surrounding white space', async () => {
    const text = `${BODY.slice(0, -1)} , "own": 1.0 }`
    await track({ headers: { 'x-request-id': 'text' }, body: ` ${text} \n` })
    assert.equal(queued.at(-1)?.payload, text)
  })

  it('checks the token and its scope before the body', async () => {
    const before = queued.length
    const sent = { body: 'not json', headers: { 'content-type': 'text/plain' } }
    assert.equal((await track({ ...sent, scope: null })).statusCode, 401)
    assert.equal((await track({ ...sent, scope: 'asset:track:read' })).statusCode, 403)
    assert.equal(queued.length, before)
  })

  it('refuses a body unread when the queue has no room for it, batches before reports', async () => {
    async function answers(places: number) {
      room = places
      const { statusCode: one, headers } = await track({ body: '{' })
      const url = '/v1/asset/track/batch'
      const authorization = 'Bearer asset:track:write'
      const sent = { headers: { ...HEADERS, authorization }, body: '{' }
      const { statusCode: many } = await app.inject({ method: 'POST', url, ...sent })
      return [one, many, headers['retry-after']]
    }
    assert.deepEqual(await answers(1000), [400, 400, undefined])
    assert.deepEqual(await answers(999), [400, 429, undefined])
    assert.deepEqual(await answers(0), [429, 429, '1'])
    room = 1000
  })

  it('accepts only JSON, with or without a charset', async () => {
    for (const type of [
      'application/json',
      'application/json; charset=utf-8',
      'Application/JSON',
    ]) {
      assert.equal((await track({ headers: { 'content-type': type } })).statusCode, 200, type)
    }
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/ld+json']) {
      const response = await track({ headers: { 'content-type': type } })
      assert.equal(response.statusCode, 415, type)
      assert.equal(response.json().message, 'Unsupported media type')
    }
  })

  it('accepts 1 MiB and not a byte more', async () => {
    const filled = (bytes: number): string => BODY.padEnd(bytes, ' ')
    assert.equal((await track({ body: filled(1024 ** 2) })).statusCode, 200)
    const response = await track({ body: filled(1024 ** 2 + 1) })
    assert.equal(response.statusCode, 413)
    assert.equal(response.json().message, 'Body too large')
  })

  it('refuses a body that is not valid JSON with 400, including an empty one', async () => {
    const before = queued.length
    const deep = `{"own":${'['.repeat(40)}${']'.repeat(40)}}`
    for (const body of ['', '{', '{"__proto__":{}}', deep, Buffer.from('22ff22', 'hex')]) {
      const response = await track({ body })
      assert.equal(response.statusCode, 400, String(body))
      assert.equal(response.json().message, 'Invalid JSON')
    }
    assert.equal(queued.length, before)
  })

  it('names the missing headers', async () => {
    const response = await app.inject({
      method: 'POST',
      url: '/v1/asset/track',
      headers: { 'content-type': 'application/json', authorization: 'Bearer asset:track:write' },
      body: BODY,
    })
    assert.equal(response.statusCode, 400)
    assert.equal(response.json().status, 'validation_error')
    assert.deepEqual(Object.keys(response.json().errors), ['X-Request-Id', 'X-Request-Timestamp'])
  })
})

describe('reading', () => {
  it('requires the read scope', async () => {
    for (const url of ['/v1/assets', '/v1/assets/truck']) {
      assert.equal((await app.inject(url)).statusCode, 401)
      assert.equal((await read(url, 'asset:track:write')).statusCode, 403)
    }
  })

  it('lists assets, and refuses an invalid limit with 400', async () => {
    assert.equal((await read('/v1/assets?limit=5')).json().assets.length, 1)
    assert.equal((await read('/v1/assets?limit=0')).statusCode, 400)
    assert.equal((await read('/v1/assets?limit=1&limit=2')).statusCode, 400)
  })

  it('returns an asset, whose id may contain escaped characters, and 404 for an unknown one', async () => {
    assert.equal((await read('/v1/assets/truck%2F1')).json().asset_id, 'truck/1')
    const response = await read('/v1/assets/van')
    assert.equal(response.statusCode, 404)
    assert.equal(response.json().status, 'error')
  })

  it('forbids caching', async () => {
    assert.equal((await read('/v1/assets')).headers['cache-control'], 'no-store')
  })
})

describe('other requests', () => {
  it('get the resource metadata without a token (RFC 9728)', async () => {
    const response = await app.inject('/.well-known/oauth-protected-resource')
    assert.deepEqual(response.json(), {
      resource: 'https://api.example',
      authorization_servers: ['https://auth.example'],
      scopes_supported: ['asset:track:write', 'asset:track:read'],
      bearer_methods_supported: ['header'],
    })
    assert.equal(response.headers['cache-control'], 'public, max-age=300')
  })

  it('with a wrong method are refused without a token check', async () => {
    const response = await app.inject({ method: 'GET', url: '/v1/asset/track' })
    assert.equal(response.statusCode, 405)
    assert.equal(response.headers.allow, 'POST')
    assert.equal(response.json().message, 'Method not allowed')
  })
})

it('records each erasure, also of an asset that arrives just then, and no other', async () => {
  const erase = async (asset_id: string): Promise<number> => {
    const headers = { authorization: 'Bearer asset:track:delete' }
    const url = `/v1/assets/${encodeURIComponent(asset_id)}`
    return (await app.inject({ method: 'DELETE', url, headers })).statusCode
  }
  assert.deepEqual(
    [await erase(ASSET.asset_id), await erase('new'), await erase('unknown')],
    [200, 200, 404],
  )
  assert.deepEqual(recorded, [ASSET.asset_id, 'new'])
})
