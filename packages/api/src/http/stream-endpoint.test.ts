import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { describe, it } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { type AccessTokenClaims, OAuthError } from '@modulariot/oauth/protocol'
import { noMetrics } from '@modulariot/platform/metrics'
import { StoreUnavailable } from '@modulariot/platform/storage'
import Fastify from 'fastify'
import { createApiMetrics } from '../metrics/api-metrics.ts'
import type { Feed, TelemetryStore, Tenant } from '../store/store.ts'
import { type ApiRoutesDeps, mountApiRoutes } from './mount.ts'
import { OpenStreams } from './open-streams.ts'

const TENANT = { org_id: 'org_1', environment: 'production' } as const
const PACE = { heartbeatMs: 20, gatherMs: 0, maxBehind: 10_000 }
const FOREVER = Date.now() / 1000 + 1e9

interface Options {
  /** Unix seconds. */
  readonly exp?: number
  readonly store?: Partial<TelemetryStore>
  readonly heartbeatMs?: number
  /** Verification of every token waits for this. */
  readonly verified?: Promise<void>
}

/** A server whose store has no reports, unless overridden. */
async function serve(options: Options = {}) {
  const { exp = FOREVER, store = {}, heartbeatMs = PACE.heartbeatMs, verified } = options
  const reasons: Error[] = []
  const streams = new OpenStreams()
  const quiet: Feed = { entries: [], cursor: 0, more: false }
  const app = Fastify()
  const deps = {
    verifier: {
      verify: async () => {
        await verified
        const [reason] = reasons
        if (reason !== undefined) throw reason
        return { ...TENANT, client_id: 'c', exp } as AccessTokenClaims
      },
    },
    metrics: createApiMetrics(noMetrics),
    streams,
    recordRefusal: () => {},
    store: { readSince: async () => quiet, watch: () => () => {}, ...store },
    audience: 'https://api.example',
    issuer: 'https://auth.example',
    baseUrl: 'https://api.example',
    now: Date.now,
    pace: { ...PACE, heartbeatMs },
  } as unknown as ApiRoutesDeps
  await app.register((scope) => mountApiRoutes(scope, deps))
  await app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = app.server.address() as AddressInfo
  const open = (connection = 'close') => {
    const socket = connect(port, '127.0.0.1')
    socket.write(`GET /v1/assets/stream HTTP/1.1\r\nHost: x\r\nConnection: ${connection}\r\n\r\n`)
    return socket
  }
  return {
    app,
    open,
    refuse: (reason: Error) => void reasons.push(reason),
    size: () => streams.size,
  }
}

const refused = (status: number, error: OAuthError['error']) =>
  new OAuthError(error, 'No', status, { kind: 'unknown_key' })

describe('a stream', { timeout: 20_000 }, () => {
  it('sends a comment each heartbeat, so that proxies keep the connection open', async () => {
    const { app, open } = await serve()
    const socket = open()
    let seen = ''
    while (seen.split(': quiet\n\n').length < 3) seen += (await once(socket, 'data'))[0]
    socket.destroy()
    await app.close()
  })

  it('ends when its token expires, with the reason', async () => {
    const { app, open } = await serve({ exp: Date.now() / 1000 + 0.1, heartbeatMs: 60_000 })
    assert.match(await text(open()), /event: end\ndata: \{"reason":"token"\}\n\n/)
    await app.close()
  })

  it('ends when its token is revoked before it expires', async () => {
    const { app, open, refuse } = await serve()
    const socket = open()
    await once(socket, 'data')
    refuse(refused(401, 'invalid_token'))
    assert.match(await text(socket), /\{"reason":"token"\}/)
    await app.close()
  })

  it('sends nothing after that, not even what was already read from the store', async () => {
    const payload = JSON.stringify('x'.repeat(1_000_000))
    const PAGE = 64
    const entries = Array.from({ length: PAGE }, (_, index) => {
      return { cursor: index + 1, asset_id: 'a', timestamp_ms: 0, received_ms: 0, payload }
    })
    const readSince = async (_: Tenant, after: number | null): Promise<Feed> =>
      after === null
        ? { entries: [], cursor: 0, more: false }
        : { entries: [...entries], cursor: PAGE, more: false }
    const { app, open, refuse, size } = await serve({ store: { readSince }, heartbeatMs: 60_000 })
    const socket = open()
    await once(socket, 'data')
    socket.pause()
    refuse(refused(401, 'invalid_token'))
    while (size() > 0) await setImmediate()
    const seen = await text(socket)
    assert.match(seen, /event: end\ndata: \{"reason":"token"\}\n\n/)
    // Only what the buffers contained.
    assert.ok(seen.split('event: observation').length - 1 < PAGE / 2)
    await app.close()
  })

  it('continues while its token cannot be verified', async () => {
    const { app, open, refuse } = await serve()
    const socket = open()
    await once(socket, 'data')
    refuse(refused(503, 'temporarily_unavailable'))
    let seen = ''
    while (seen.split(': quiet\n\n').length < 4) seen += (await once(socket, 'data'))[0]
    assert.doesNotMatch(seen, /event: end/)
    socket.destroy()
    await app.close()
  })

  it('ends when the server closes, and does not delay that', async () => {
    const { app, open } = await serve({ heartbeatMs: 60_000 })
    const socket = open('keep-alive')
    await once(socket, 'data')
    const ended = text(socket)
    await app.close()
    assert.match(await ended, /\{"reason":"shutdown"\}/)
  })

  it('is dropped when its reader stalls, and the store is not queried until then', async () => {
    let queries = 0
    const payload = JSON.stringify('x'.repeat(500_000))
    const readSince = async (_: Tenant, after: number | null): Promise<Feed> => {
      queries++
      const cursor = (after ?? 0) + 1
      const entry = { cursor, asset_id: 'a', timestamp_ms: 0, received_ms: 0, payload }
      return { entries: after === null ? [] : [entry], cursor, more: after !== null }
    }
    const { app, open } = await serve({ store: { readSince } })
    const dropped = once(app.server, 'connection').then(([socket]) => once(socket, 'close'))
    const socket = open()
    socket.on('error', () => {})
    socket.pause()
    await dropped
    // Only what fits in the buffers of the kernel and of the stream.
    assert.ok(queries < 200, `${queries} queries`)
    socket.destroy()
    await app.close()
  })

  it('does not delay the shutdown of the server when its reader stalls', async () => {
    const payload = JSON.stringify('x'.repeat(500_000))
    const readSince = async (_: Tenant, after: number | null): Promise<Feed> => {
      const cursor = (after ?? 0) + 1
      const entry = { cursor, asset_id: 'a', timestamp_ms: 0, received_ms: 0, payload }
      return { entries: after === null ? [] : [entry], cursor, more: after !== null }
    }
    const { app, open } = await serve({ store: { readSince }, heartbeatMs: 60_000 })
    const socket = open()
    socket.on('error', () => {})
    await once(socket, 'data')
    socket.pause()
    await app.close()
    socket.destroy()
  })

  it('frees its slot when its reader disconnects during token verification', async () => {
    const { promise: verified, resolve } = Promise.withResolvers<void>()
    const { app, open, size } = await serve({ verified, heartbeatMs: 60_000 })
    const left = once(app.server, 'connection').then(([socket]) => once(socket, 'close'))
    const leaves = open()
    await once(leaves, 'connect')
    leaves.destroy()
    await left
    resolve()
    const stays = open()
    await once(stays, 'data')
    const streams = size()
    stays.destroy()
    await app.close()
    assert.equal(streams, 1)
  })

  it('sends its id at once, so that a disconnect before the first event loses nothing', async () => {
    const quiet: Feed = { entries: [], cursor: 41, more: false }
    const { app, open } = await serve({ store: { readSince: async () => quiet } })
    const socket = open()
    let seen = ''
    while (!seen.includes('id:')) seen += (await once(socket, 'data'))[0]
    assert.match(seen, /\r\n\r\n[\s\S]*id: 41\n\n/)
    socket.destroy()
    await app.close()
  })

  it('is refused with 503 when the store is unavailable', async () => {
    const readSince = () => Promise.reject(new StoreUnavailable('down'))
    const { app, open } = await serve({ store: { readSince } })
    assert.match(await text(open()), /^HTTP\/1\.1 503 [\s\S]*"status":"error"/)
    await app.close()
  })
})

describe('open streams', () => {
  it('are limited per client, per tenant and in total, and a closed one frees its slot', () => {
    const streams = new OpenStreams({ max: 4, maxPerTenant: 3, maxPerClient: 2 })
    const open = (client_id: string, environment: Tenant['environment'] = 'production') =>
      streams.open({ ...TENANT, environment, client_id }, async () => true)
    const full = /Too many streams/
    const first = open('a')
    open('a')
    assert.throws(() => open('a'), full)
    open('b')
    assert.throws(() => open('b'), full, 'of the tenant')
    open('c', 'development')
    assert.throws(() => open('d', 'development'), full, 'in all')
    first.close()
    first.close()
    assert.equal(streams.size, 3)
    const second = open('d', 'development')
    assert.throws(() => open('a'), full)
    second.end('slow')
    open('a')
  })
})
