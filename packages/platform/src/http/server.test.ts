import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { FastifyInstance } from 'fastify'
import { createLogger } from '../logging/index.ts'
import { StoreDamaged, StoreUnwritable } from '../storage/errors.ts'
import type { Application } from './application.ts'
import { createHttpServer } from './server.ts'

const OURS = /^[\w-]{24}$/

function application(name: string, options: Partial<Application> = {}): Application {
  return { name, mount: async () => {}, ready: async () => undefined, ...options }
}

const unready = application('broken', { ready: () => Promise.reject(new Error('no disk')) })

/** A server, and every line it logs. */
async function createServer(...applications: Application[]) {
  const lines: string[] = []
  const logger = createLogger('trace', { write: (line) => lines.push(line) })
  return {
    app: await createHttpServer({ applications, logger, tls: null, trustedProxies: [] }),
    lines,
  }
}

async function get(app: FastifyInstance, url: string, headers: Record<string, string> = {}) {
  return app.inject({ method: 'GET', url, headers })
}

describe('health', () => {
  it('/livez answers 200 while the process runs, whatever the state of its applications', async () => {
    const { app } = await createServer(unready)
    const response = await get(app, '/livez')
    assert.equal(response.statusCode, 200)
    assert.deepEqual(response.json(), { status: 'ok' })
  })

  it('/readyz answers 200 while every application is ready', async () => {
    const { app } = await createServer(application('one'), application('two'))
    const response = await get(app, '/readyz')
    assert.equal(response.statusCode, 200)
    assert.deepEqual(response.json(), { status: 'ok', checks: { one: 'ok', two: 'ok' } })
    assert.equal(response.headers['cache-control'], 'no-store')
  })

  it('/readyz answers 503 while one is not, names it, and hides the reason', async () => {
    const { app } = await createServer(application('one'), unready)
    const response = await get(app, '/readyz')
    assert.equal(response.statusCode, 503)
    assert.deepEqual(response.json(), {
      status: 'unavailable',
      checks: { one: 'ok', broken: 'unavailable' },
    })
  })

  it('/readyz names a degraded application, and still answers 200', async () => {
    const partly = application('partly', { ready: async () => 'degraded' })
    const { app } = await createServer(application('one'), partly)
    const response = await get(app, '/readyz')
    assert.equal(response.statusCode, 200)
    assert.deepEqual(response.json(), {
      status: 'degraded',
      checks: { one: 'ok', partly: 'degraded' },
    })
  })

  it('/readyz/<application> checks that one alone', async () => {
    const { app } = await createServer(application('one'), unready)
    assert.equal((await get(app, '/readyz/one')).statusCode, 200)
    const response = await get(app, '/readyz/broken')
    assert.equal(response.statusCode, 503)
    assert.deepEqual(response.json(), { status: 'unavailable' })
  })

  it('/readyz names the file of a damaged database, without its folder', async () => {
    const damage = new StoreDamaged('telemetry.db', '/secret/telemetry.db is damaged')
    const { app, lines } = await createServer(
      application('one', { ready: () => Promise.reject(damage) }),
    )
    const response = await get(app, '/readyz')
    assert.equal(response.statusCode, 503)
    const damaged = ['telemetry.db']
    assert.deepEqual(response.json(), {
      ...{ status: 'unavailable', checks: { one: 'unavailable' }, damaged },
    })
    assert.deepEqual((await get(app, '/readyz/one')).json(), { status: 'unavailable', damaged })
    assert.equal(lines.filter((line) => line.includes('/secret/telemetry.db')).length, 1)
  })

  it('/readyz names an application whose store accepts no writes, and logs it once', async () => {
    const fault = new StoreUnwritable('the disk of /secret/telemetry.db has 0 bytes free')
    const { app, lines } = await createServer(
      application('one'),
      application('full', { ready: () => Promise.reject(fault) }),
    )
    for (let index = 0; index < 3; index++) {
      const response = await get(app, '/readyz')
      assert.equal(response.statusCode, 503)
      assert.deepEqual(response.json(), {
        status: 'unavailable',
        checks: { one: 'ok', full: 'unavailable' },
        unwritable: ['full'],
      })
    }
    assert.equal(lines.filter((line) => line.includes('/secret/telemetry.db')).length, 1)
  })

  it('/readyz checks again on each request', async () => {
    let fails = true
    const ready = async (): Promise<undefined> => {
      if (fails) throw new Error('no disk')
    }
    const { app } = await createServer(application('one', { ready }))
    assert.equal((await get(app, '/readyz')).statusCode, 503)
    fails = false
    assert.equal((await get(app, '/readyz')).statusCode, 200)
  })
})

describe('applications', () => {
  it('have separate scopes: the error handler of one does not apply to another', async () => {
    const failing = (name: string): Application =>
      application(name, {
        mount: async (app) => {
          app.setErrorHandler((_error, _request, reply) => reply.code(500).send({ by: name }))
          app.get(`/${name}`, async () => {
            throw new Error('broken')
          })
        },
      })
    const { app } = await createServer(failing('one'), failing('two'))
    assert.deepEqual((await get(app, '/one')).json(), { by: 'one' })
    assert.deepEqual((await get(app, '/two')).json(), { by: 'two' })
  })
})

describe('every answer', () => {
  it('of an unknown path is 404 in JSON', async () => {
    const { app } = await createServer()
    const response = await get(app, '/nowhere')
    assert.equal(response.statusCode, 404)
    assert.match(String(response.headers['content-type']), /^application\/json/)
    assert.deepEqual(response.json(), {
      error: 'not_found',
      error_description: 'There is no such endpoint',
    })
  })

  it('to an undecodable path is a refusal in JSON that does not quote it', async () => {
    const mount = async (app: FastifyInstance): Promise<void> => {
      app.get('/things/:id', async () => 'shown')
    }
    const { app } = await createServer(application('one', { mount }))
    const statuses = { '/%zz': 400, [`/things/${'x'.repeat(5000)}`]: 414 }
    for (const [url, status] of Object.entries(statuses)) {
      const response = await get(app, url)
      assert.equal(response.statusCode, status)
      assert.deepEqual(response.json(), {
        error: 'invalid_request',
        error_description: 'The path is malformed or too long',
      })
    }
  })

  it('to an unrouted path has the format of the application that owns the prefix', async () => {
    const own = application('own', {
      mount: async (app) => {
        app.get('/own/things/:id', async () => 'shown')
      },
      refusals: { below: ['/own/'], body: ({ status, error }) => ({ own: status, error }) },
    })
    const { app } = await createServer(application('other'), own)
    const refused = [
      ['/own/nowhere', 404, 'not_found'],
      ['/own//things/1', 404, 'not_found'],
      ['/own/%zz', 400, 'invalid_request'],
      [`/own/things/${'x'.repeat(5000)}`, 414, 'invalid_request'],
    ] as const
    for (const [url, status, error] of refused) {
      const response = await get(app, url)
      assert.equal(response.statusCode, status, url)
      assert.deepEqual(response.json(), { own: status, error }, url)
    }
    assert.equal((await get(app, '/owner')).json().error_description, 'There is no such endpoint')
  })

  it('carries the X-Request-Id that was sent', async () => {
    const { app } = await createServer()
    for (const url of ['/livez', '/readyz', '/nowhere', '/%zz']) {
      const response = await get(app, url, { 'x-request-id': 'mine-1' })
      assert.equal(response.headers['x-request-id'], 'mine-1', url)
    }
  })

  it('carries a new X-Request-Id when none was sent, or an invalid one', async () => {
    const { app } = await createServer()
    for (const id of ['has space', 'é', 'x'.repeat(129)]) {
      const response = await get(app, '/livez', { 'x-request-id': id })
      assert.match(String(response.headers['x-request-id']), OURS, id)
    }
    const ids = [await get(app, '/livez'), await get(app, '/livez')].map(
      ({ headers }) => headers['x-request-id'],
    )
    assert.match(String(ids[0]), OURS)
    assert.notEqual(ids[0], ids[1])
  })
})

describe('the log', () => {
  const failing = application('failing', {
    mount: async (app) => {
      app.get('/fails/:id', async () => {
        throw new Error('broken')
      })
    },
  })

  it('has the id, route and status of each request', async () => {
    const { app, lines } = await createServer(failing)
    await get(app, '/fails/7', { 'x-request-id': 'mine-1' })
    const answered = lines.map((line) => JSON.parse(line)).find(({ msg }) => msg === 'answered')
    assert.equal(answered.request_id, 'mine-1')
    assert.equal(answered.method, 'GET')
    assert.equal(answered.route, '/fails/:id')
    assert.equal(answered.status, 500)
    assert.equal(typeof answered.elapsed_ms, 'number')
  })

  it('never holds the query of a URL, nor the values in its path', async () => {
    const { app, lines } = await createServer(failing)
    for (const path of ['/livez', '/readyz', '/nowhere', '/fails/hunter2', '/%zz', '/hunter2']) {
      await get(app, `${path}?client_secret=hunter2`)
    }
    assert.ok(lines.length >= 5)
    assert.equal(
      lines.find((line) => line.includes('hunter2')),
      undefined,
    )
  })
})
