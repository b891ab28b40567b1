import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Agent, get, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { describe, it } from 'node:test'
import { createLogger } from '../logging/index.ts'
import { shutDown } from './drain.ts'
import { createHttpServer } from './server.ts'

/** A server whose `/slow` answers when it is let go, and a client that keeps its connections. */
async function start() {
  const letGo = Promise.withResolvers<void>()
  const arrived = Promise.withResolvers<void>()
  const app = await createHttpServer({
    applications: [
      {
        name: 'one',
        ready: async () => undefined,
        mount: async (scope) => {
          scope.get('/slow', async () => {
            arrived.resolve()
            await letGo.promise
            return { done: true }
          })
        },
      },
    ],
    logger: createLogger('silent', { write: () => {} }),
    tls: null,
    trustedProxies: [],
  })
  await app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = app.server.address() as AddressInfo
  const agent = new Agent({ keepAlive: true })
  async function ask(path: string) {
    const [response] = (await once(get({ port, path, agent }), 'response')) as [IncomingMessage]
    return {
      status: response.statusCode,
      connection: response.headers.connection,
      body: JSON.parse(await text(response)) as unknown,
    }
  }
  return { app, agent, ask, letGo, arrived: arrived.promise }
}

describe('shutDown', { timeout: 20_000 }, () => {
  it('says so first, goes on answering, and tells each connection that this was its last', async () => {
    const { app, agent, ask } = await start()
    assert.equal((await ask('/readyz')).connection, 'keep-alive')
    const stopped = shutDown(app, 300)
    assert.deepEqual(await ask('/readyz'), {
      status: 503,
      connection: 'close',
      body: { status: 'stopping', checks: { one: 'ok' } },
    })
    assert.equal((await ask('/livez')).status, 200)
    await stopped
    await assert.rejects(ask('/livez'), /ECONNREFUSED/)
    agent.destroy()
  })

  it('answers what had been accepted, however long that takes', async () => {
    const { app, agent, ask, letGo, arrived } = await start()
    const answer = ask('/slow')
    await arrived
    let stopped = false
    const stopping = shutDown(app, 0).then(() => {
      stopped = true
    })
    await once(app.server, 'close', { signal: AbortSignal.timeout(50) }).catch(() => {})
    assert.equal(stopped, false)
    letGo.resolve()
    assert.deepEqual(await answer, { status: 200, connection: 'close', body: { done: true } })
    await stopping
    agent.destroy()
  })
})
