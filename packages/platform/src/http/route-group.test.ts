import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import Fastify, { type FastifyInstance, type HTTPMethods } from 'fastify'
import { MethodNotAllowed, routeGroup } from './route-group.ts'

/** An application with two groups, whose error handler returns the error it was given. */
async function createApp(): Promise<FastifyInstance> {
  const app = Fastify()
  app.setErrorHandler((error, _request, reply) => {
    const allow = error instanceof MethodNotAllowed ? error.allow : null
    return reply.code(allow === null ? 500 : 405).send({ allow, message: (error as Error).message })
  })
  await routeGroup(app, { 'cache-control': 'no-store', 'x-group': 'one' }, (routes) => {
    routes.post('/things', async () => 'made')
    routes.delete('/things', async () => 'gone')
    routes.get('/things/:id', async () => 'shown')
    routes.get('/fails', async () => {
      throw new Error('broken')
    })
  })
  await routeGroup(app, { 'x-group': 'two' }, (routes) => {
    routes.get('/public', async (_request, reply) => reply.header('x-group', 'own').send('shown'))
  })
  return app
}

async function request(method: HTTPMethods, url: string) {
  await using app = await createApp()
  return await app.inject({ method, url } as { method: 'GET'; url: string })
}

describe('routeGroup', () => {
  it('leaves its routes unchanged', async () => {
    assert.equal((await request('POST', '/things')).body, 'made')
    assert.equal((await request('DELETE', '/things')).body, 'gone')
    assert.equal((await request('GET', '/things/7')).body, 'shown')
    assert.equal((await request('HEAD', '/things/7')).statusCode, 200)
  })

  it('refuses every other method of a path, naming those it has', async () => {
    const methods = { '/things': 'POST, DELETE', '/things/7': 'GET, HEAD', '/public': 'GET, HEAD' }
    for (const [url, allow] of Object.entries(methods)) {
      for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const) {
        if (allow.includes(method)) continue
        const response = await request(method, url)
        assert.equal(response.statusCode, 405, `${method} ${url}`)
        if (method !== 'HEAD') assert.equal(response.json().allow, allow, `${method} ${url}`)
      }
    }
  })

  it('refuses before it reads the body', async () => {
    await using app = await createApp()
    const response = await app.inject({
      method: 'PUT',
      url: '/things',
      headers: { 'content-type': 'application/json' },
      body: 'not json',
    })
    assert.equal(response.statusCode, 405)
  })

  it('leaves an unknown path unknown', async () => {
    assert.equal((await request('GET', '/nowhere')).statusCode, 404)
  })

  it('sends its headers with every answer of its own: success, failure, wrong method', async () => {
    for (const [method, url] of [
      ['POST', '/things'],
      ['GET', '/fails'],
      ['PUT', '/things'],
    ] as const) {
      const { headers } = await request(method, url)
      assert.equal(headers['cache-control'], 'no-store', url)
      assert.equal(headers['x-group'], 'one', url)
    }
  })

  it('keeps its headers from other groups and from unknown paths', async () => {
    assert.equal((await request('GET', '/public')).headers['cache-control'], undefined)
    assert.equal((await request('GET', '/nowhere')).headers['x-group'], undefined)
  })

  it('lets a route override a header', async () => {
    assert.equal((await request('GET', '/public')).headers['x-group'], 'own')
  })
})
