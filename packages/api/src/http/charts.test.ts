/** The server under many chart requests at once, over real connections. */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { it } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import type { AccessTokenClaims } from '@modulariot/oauth/protocol'
import { noMetrics } from '@modulariot/platform/metrics'
import Fastify from 'fastify'
import { pino } from 'pino'
import { ClientBudget } from '../limits/client-budget.ts'
import { createApiMetrics } from '../metrics/api-metrics.ts'
import { CHART_LIMITS, createCharts } from '../read/charts.ts'
import type { TelemetryStore } from '../store/store.ts'
import { type ApiRoutesDeps, mountApiRoutes } from './mount.ts'
import { OpenStreams } from './open-streams.ts'

const CLAIMS = { org_id: 'org_1', environment: 'production', client_id: 'c' } as AccessTokenClaims
const PATH = '/v1/assets/a/metrics?key=x.a&bucket=1d&from=2026-01-01T00:00:00Z'

/** A server on a store whose charts end only when the client disconnects. */
async function serve() {
  const charts: AbortSignal[] = []
  const metricBuckets: TelemetryStore['metricBuckets'] = async (_tenant, _id, { signal }) => {
    if (signal !== undefined) charts.push(signal)
    return new Promise((_, reject) =>
      signal?.addEventListener('abort', () => reject(signal.reason), { once: true }),
    )
  }
  const lines: { level: number; status?: number; msg: string }[] = []
  const write = (line: string) => void lines.push(JSON.parse(line))
  const app = Fastify({ loggerInstance: pino({ level: 'info' }, { write }) })
  const deps = {
    verifier: { verify: async () => CLAIMS },
    metrics: createApiMetrics(noMetrics),
    charts: createCharts(),
    budget: new ClientBudget({ msPerSecond: 0, burstSeconds: 0 }, Date.now),
    streams: new OpenStreams(),
    recordRefusal: () => {},
    store: { metricBuckets },
    audience: 'https://api.example',
    issuer: 'https://auth.example',
    baseUrl: 'https://api.example',
    now: () => Date.UTC(2026, 0, 2),
  } as unknown as ApiRoutesDeps
  let arrived = 0
  let onArrival = (): void => {}
  app.addHook('preHandler', async () => {
    arrived++
    onArrival()
  })
  await app.register((scope) => mountApiRoutes(scope, deps))
  await app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = app.server.address() as AddressInfo
  async function request() {
    const before = arrived
    const socket = connect(port, '127.0.0.1')
    socket.write(`GET ${PATH} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`)
    await new Promise<void>((resolve) => {
      onArrival = resolve
      if (arrived > before) resolve()
    })
    return socket
  }
  return { app, charts, request, lines }
}

it('charts run a few at a time, others wait or get 429, and none runs after a disconnect', async (t) => {
  const { app, charts, request } = await serve()
  t.after(() => app.close())
  const seen: Socket[] = []
  app.server.on('connection', (socket) => seen.push(socket))
  const { running, waitingPerTenant } = CHART_LIMITS
  const sockets: Socket[] = []
  for (let one = 0; one < running + waitingPerTenant; one++) sockets.push(await request())
  assert.match(
    await text(await request()),
    /^HTTP\/1\.1 429 [\s\S]*retry-after: 10\r\n[\s\S]*"Too many/,
  )
  assert.equal(charts.length, running)

  // The waiting clients disconnect first, then those whose charts run.
  const ends = sockets.map((_, index) => once(seen[index] as Socket, 'close'))
  for (const range of [
    [running, sockets.length],
    [0, running],
  ] as const) {
    for (const socket of sockets.slice(...range)) socket.destroy()
    await Promise.all(ends.slice(...range))
  }
  const last = await request()
  while (charts.length === running) await setImmediate()
  assert.equal(charts.length, running + 1)
  last.destroy()
})

it('a client that disconnects from its chart is not logged as a failure', async (t) => {
  const { app, charts, request, lines } = await serve()
  t.after(() => app.close())
  const sockets: Socket[] = []
  for (let one = 0; one <= CHART_LIMITS.running; one++) sockets.push(await request())
  while (charts.length < CHART_LIMITS.running) await setImmediate()
  for (const socket of sockets.toReversed()) socket.destroy()
  const logged = () => lines.filter(({ msg }) => msg === 'failed' || msg === 'refused')
  while (logged().length < sockets.length) await setImmediate()
  assert.ok(logged().every(({ level, status }) => level === 30 && status === 499))
  assert.equal(
    lines.find(({ level }) => level > 30),
    undefined,
  )
})
