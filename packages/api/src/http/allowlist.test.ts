import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { AccessTokenClaims } from '@modulariot/oauth/protocol'
import Fastify, { type FastifyInstance } from 'fastify'
import { ClientBudget } from '../limits/client-budget.ts'
import { type ApiRoutesDeps, mountApiRoutes } from './mount.ts'
import { OpenStreams } from './open-streams.ts'

/** Public paths, which need no token. All others must check the client's address. */
const PUBLIC = [
  '/.well-known/oauth-protected-resource',
  '/openapi.json',
  '/',
  '/reference',
  '/reference/swagger-ui.css',
  '/reference/swagger-ui-bundle.js',
  '/reference/page.css',
  '/reference/page.js',
  '/.well-known/oauth-protected-resource/v1/asset/track',
]

interface Endpoint {
  readonly method: string
  readonly url: string
}

/** The API with a verifier that accepts every token, and the list of its routes. */
async function mounted(claims: Partial<AccessTokenClaims>) {
  const app = Fastify()
  const endpoints: Endpoint[] = []
  app.addHook('onRoute', ({ method, url }) => {
    for (const name of [method].flat()) endpoints.push({ method: name, url })
  })
  const deps = {
    verifier: { verify: async () => claims as AccessTokenClaims },
    metrics: { refused: () => {}, tracked: () => {} },
    streams: new OpenStreams(),
    recordRefusal: () => {},
    budget: new ClientBudget({ msPerSecond: 0, burstSeconds: 0 }, Date.now),
    store: { findAsset: async () => null, listAssets: async () => ({ rows: [], next: null }) },
    audience: 'https://api.example/v1/asset/track',
    issuer: 'https://auth.example',
    baseUrl: 'https://api.example',
    now: () => 0,
  } as unknown as ApiRoutesDeps
  await app.register((scope) => mountApiRoutes(scope, deps))
  return { app, endpoints }
}

async function statusOf(app: FastifyInstance, { method, url }: Endpoint, remoteAddress: string) {
  const answer = await app.inject({
    method: method as 'GET',
    url: url.replace(/:\w+/g, 'x'),
    remoteAddress,
  })
  return answer.statusCode
}

describe('the allowlist in a token', () => {
  it('applies to every endpoint that is not public, whatever the method', async () => {
    const { app, endpoints } = await mounted({ allowed_addresses: ['10.0.0.0/8', '2001:db8::/32'] })
    const guarded = endpoints.filter(({ url }) => !PUBLIC.includes(url))
    assert.ok(guarded.length >= 3)
    for (const endpoint of guarded) {
      for (const address of ['192.0.2.1', '2001:db9::1', '::ffff:192.0.2.1']) {
        const status = await statusOf(app, endpoint, address)
        assert.ok(status === 403 || status === 405, `${endpoint.method} ${endpoint.url} ${status}`)
      }
      for (const address of ['10.1.2.3', '2001:db8::1', '::ffff:10.1.2.3']) {
        assert.notEqual(await statusOf(app, endpoint, address), 403)
      }
    }
  })

  it('applies to the endpoints themselves, not only to wrong methods', async () => {
    const { app } = await mounted({ allowed_addresses: ['10.0.0.0/8'] })
    const endpoints = [
      { method: 'POST', url: '/v1/asset/track' },
      { method: 'GET', url: '/v1/assets' },
      { method: 'GET', url: '/v1/assets/:asset_id' },
      { method: 'GET', url: '/v1/assets/stream' },
    ]
    for (const endpoint of endpoints) assert.equal(await statusOf(app, endpoint, '192.0.2.1'), 403)
  })

  it('is only reported in observe mode', async () => {
    const { app } = await mounted({ observed_addresses: ['10.0.0.0/8'] })
    assert.equal(await statusOf(app, { method: 'GET', url: '/v1/assets' }, '192.0.2.1'), 200)
  })
})
