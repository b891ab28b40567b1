import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { after, before, describe, it } from 'node:test'
import type { FastifyInstance } from 'fastify'
import { createLogger } from '../logging/index.ts'
import { createMetrics, type PublishedMetrics } from '../metrics/index.ts'
import type { Application } from './application.ts'
import { metricsPage } from './metrics-page.ts'
import { routeGroup } from './route-group.ts'
import { createHttpServer } from './server.ts'

const CANARY = 'Canary5ecret'

let hookCalls = 0

const things: Application = {
  name: 'things',
  ready: async () => undefined,
  mount: async (app) => {
    await routeGroup(app, {}, (routes) => {
      routes.get('/things/:id', async () => 'ok')
      routes.get('/slow', async () => {
        await new Promise((resolve) => setTimeout(resolve, 50))
        return 'ok'
      })
      routes.get('/broken', async () => {
        throw new Error('broken')
      })
      const onResponse = async () => {
        hookCalls++
      }
      routes.get('/heard', { onResponse }, async () => 'ok')
    })
  },
}

let metrics: PublishedMetrics
let app: FastifyInstance
let logged: string
let port: number

before(async () => {
  metrics = await createMetrics()
  logged = ''
  const logger = createLogger('trace', {
    write: (line) => {
      logged += line
    },
  })
  app = await createHttpServer({
    applications: [things, metricsPage(metrics)],
    logger,
    tls: null,
    trustedProxies: [],
    metrics,
  })
  await app.listen({ host: '127.0.0.1', port: 0 })
  port = (app.server.address() as { port: number }).port
})
after(() => app.close())

/** Sends raw bytes and reads until the server closes. */
async function exchange(bytes: string): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  socket.write(bytes)
  return text(socket)
}

async function series(name: string): Promise<string[]> {
  const { text } = await metrics.page()
  return text.split('\n').filter((line) => line.startsWith(`${name}{`))
}

describe('X-Request-Id', () => {
  const REQUESTS: Record<string, [status: number, bytes: string]> = {
    'a route': [200, 'GET /things/1 HTTP/1.1\r\nHost: x\r\n'],
    'a HEAD': [200, 'HEAD /things/1 HTTP/1.1\r\nHost: x\r\n'],
    '/livez': [200, 'GET /livez HTTP/1.1\r\nHost: x\r\n'],
    '/readyz': [200, 'GET /readyz HTTP/1.1\r\nHost: x\r\n'],
    '/metrics': [200, 'GET /metrics HTTP/1.1\r\nHost: x\r\n'],
    'an error': [500, 'GET /broken HTTP/1.1\r\nHost: x\r\n'],
    'no such path': [404, 'GET /nothing HTTP/1.1\r\nHost: x\r\n'],
    'another method': [405, 'POST /things/1 HTTP/1.1\r\nHost: x\r\n'],
    'an unknown method': [405, 'PROPFIND /things/1 HTTP/1.1\r\nHost: x\r\n'],
    'a path that cannot be decoded': [400, 'GET /things/%zz HTTP/1.1\r\nHost: x\r\n'],
    'no Host': [400, 'GET /things/1 HTTP/1.1\r\n'],
    'HTTP/1.0 without Host': [200, 'GET /things/1 HTTP/1.0\r\n'],
    'an unknown expectation': [417, 'GET /things/1 HTTP/1.1\r\nHost: x\r\nExpect: more\r\n'],
    'a malformed header': [400, `GET / HTTP/1.1\r\nHost: x\r\n${CANARY} ${CANARY}\r\n`],
    'headers too large': [431, `GET / HTTP/1.1\r\nHost: x\r\nA: ${CANARY.repeat(2000)}\r\n`],
    'no HTTP at all': [400, `${CANARY} ${CANARY}\r\n`],
  }
  for (const [what, [status, bytes]] of Object.entries(REQUESTS)) {
    it(`is on the answer to ${what} (${status}), and in its log line`, async () => {
      const answer = await exchange(`${bytes}Connection: close\r\n\r\n`)
      assert.match(answer, new RegExp(`^HTTP/1\\.1 ${status} `))
      const id = /^x-request-id: ([\w-]{24})\r$/im.exec(answer)?.[1]
      assert.ok(id, answer)
      assert.ok(logged.includes(`"request_id":"${id}"`), logged)
      assert.ok(!answer.includes(CANARY), answer)
    })
  }

  it('is the caller’s when that is valid', async () => {
    for (const [sent, usable] of [
      ['abc-1', true],
      ['two words', false],
      ['x'.repeat(129), false],
    ] as const) {
      const { headers } = await app.inject({ url: '/livez', headers: { 'x-request-id': sent } })
      assert.equal(headers['x-request-id'] === sent, usable)
    }
  })

  it('is on the last answer of a server that shuts down, too', async () => {
    const closing = await createHttpServer({
      applications: [things],
      logger: createLogger('silent'),
      tls: null,
      trustedProxies: [],
    })
    await closing.listen({ host: '127.0.0.1', port: 0 })
    const socket = connect((closing.server.address() as { port: number }).port, '127.0.0.1')
    const answers = text(socket)
    socket.write('GET /slow HTTP/1.1\r\nHost: x\r\n\r\n')
    await once(closing.server, 'request')
    const closed = closing.close()
    socket.write('GET /things/1 HTTP/1.1\r\nHost: x\r\n\r\n')
    await closed
    const [first, second] = (await answers).split(/(?<=.)(?=HTTP\/1\.1 )/s)
    assert.match(first ?? '', /^HTTP\/1\.1 200/)
    assert.match(second ?? '', /^HTTP\/1\.1 200/)
    assert.match(second ?? '', /^x-request-id: [\w-]{24}\r$/m)
    assert.match(second ?? '', /^connection: close\r$/im)
  })
})

describe('what is counted and logged of requests', () => {
  it('names the application, the pattern of the route, the method and the status', async () => {
    await app.inject('/things/2')
    await app.inject({ method: 'DELETE', url: '/things/2' })
    const requests = (await series('miot_http_requests_total')).join('\n')
    assert.match(requests, /application="things",route="\/things\/:id",method="GET",status="200"/)
    assert.match(
      requests,
      /application="things",route="\/things\/:id",method="DELETE",status="405"/,
    )
    assert.match(requests, /application="health",route="\/livez",method="GET",status="200"/)
    const seconds = (await series('miot_http_request_duration_seconds_count')).join('\n')
    assert.match(seconds, /application="things",route="\/things\/:id",method="GET"\} [1-9]/)
  })

  it('counts each answer once, a HEAD as its own', async () => {
    const timesOf = async (method: string, status: number): Promise<number> => {
      const labels = `{application="things",route="/things/:id",method="${method}",status="${status}"}`
      const line = (await series('miot_http_requests_total')).find((one) => one.includes(labels))
      return Number(line?.split(' ').at(-1) ?? 0)
    }
    for (const [method, status] of [
      ['GET', 200],
      ['HEAD', 200],
      ['POST', 405],
    ] as const) {
      const before = await timesOf(method, status)
      await app.inject({ method, url: '/things/3' })
      assert.equal(await timesOf(method, status), before + 1, method)
    }
  })

  it('leaves a route its own hook', async () => {
    await app.inject('/heard')
    assert.equal(hookCalls, 1)
    const requests = (await series('miot_http_requests_total')).join('\n')
    assert.match(requests, /route="\/heard",method="GET",status="200"\} 1$/m)
  })

  it('counts unrouted requests, too', async () => {
    const requests = (await series('miot_http_requests_total')).join('\n')
    for (const status of [400, 431]) {
      const labels = `application="none",route="unmatched",method="other",status="${status}"`
      assert.ok(requests.includes(labels), requests)
    }
  })

  it('adds no label value from what is sent', async () => {
    const paths = Array.from({ length: 300 }, (_, index) => `${index}-${CANARY}`)
    const request = async (path: string) => {
      await app.inject(`/things/${path}?${path}=${path}`)
      await app.inject({ url: `/${path}`, headers: { [path]: path, 'x-request-id': path } })
      await app.inject({ method: 'POST', url: `/things/${path}` })
    }
    await request('first')
    const size = (await metrics.page()).text.split('\n').length
    for (const path of paths) await request(path)
    const { text } = await metrics.page()
    assert.equal(text.split('\n').length, size)
    assert.doesNotMatch(text, new RegExp(CANARY))
  })

  it('does not log the path, the query or the bytes of a bad request', () => {
    const lines = logged.split('\n').map((line) => line.replace(/"request_id":"[^"]*"/, ''))
    assert.doesNotMatch(lines.join('\n'), new RegExp(CANARY))
    assert.doesNotMatch(logged, new RegExp([...Buffer.from(CANARY)].join()))
  })
})
