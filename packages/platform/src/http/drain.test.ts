import assert from 'node:assert/strict'
import dns, { type LookupAddress, type LookupOptions } from 'node:dns'
import { once } from 'node:events'
import { mkdtempDisposableSync, writeFileSync } from 'node:fs'
import { Agent, get, type IncomingMessage } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { describe, it, type TestContext } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { createLogger } from '../logging/index.ts'
import { selfSigned } from '../testing/self-signed.ts'
import { shutDown } from './drain.ts'
import { createHttpServer } from './server.ts'
import type { TlsFiles } from './tls.ts'

interface Settings {
  readonly host?: string
  readonly tls?: TlsFiles | null
}

/** A server whose `/slow` answers when it is released, and a client that keeps its connections. */
async function start({ host = '127.0.0.1', tls = null }: Settings = {}) {
  const release = Promise.withResolvers<void>()
  const arrived = Promise.withResolvers<void>()
  const app = await createHttpServer({
    applications: [
      {
        name: 'one',
        ready: async () => undefined,
        mount: async (scope) => {
          scope.get('/slow', async () => {
            arrived.resolve()
            await release.promise
            return { done: true }
          })
        },
      },
    ],
    logger: createLogger('silent', { write: () => {} }),
    tls,
    trustedProxies: [],
  })
  await app.listen({ host, port: 0 })
  const { address, port } = app.server.address() as AddressInfo
  const agent = new Agent({ keepAlive: true })
  async function request(path: string) {
    const [response] = (await once(get({ port, path, agent }), 'response')) as [IncomingMessage]
    return {
      status: response.statusCode,
      connection: response.headers.connection,
      body: JSON.parse(await text(response)) as unknown,
    }
  }
  return { app, address, port, agent, request, release, arrived: arrived.promise }
}

/** The header of a TLS record without its content. */
const HANDSHAKE = Buffer.from([22, 3, 1, 2, 0])

/** The addresses of `localhost`; some machines have only one. */
function haveTwoAddresses({ mock }: TestContext): void {
  const both = ['127.0.0.1', '127.0.0.2'].map((address) => ({ address, family: 4 }))
  const { lookup } = dns as { lookup: (...args: unknown[]) => unknown }
  mock.method(dns, 'lookup', (name: string, options: LookupOptions, found: AllFound) =>
    name === 'localhost' && options.all ? found(null, both) : lookup(name, options, found),
  )
}
type AllFound = (error: null, addresses: LookupAddress[]) => void

const REQUEST = 'GET /livez HTTP/1.1\r\nHost: x\r\n\r\n'

describe('shutDown', { timeout: 20_000 }, () => {
  it('announces it, keeps answering, and closes each connection with its last answer', async () => {
    const { app, agent, request } = await start()
    assert.equal((await request('/readyz')).connection, 'keep-alive')
    const stopped = shutDown(app, 300)
    assert.deepEqual(await request('/readyz'), {
      status: 503,
      connection: 'close',
      body: { status: 'stopping', checks: { one: 'ok' } },
    })
    assert.equal((await request('/livez')).status, 200)
    await stopped
    await assert.rejects(request('/livez'), /ECONNREFUSED/)
    agent.destroy()
  })

  it('answers accepted requests, however long that takes', async () => {
    const { app, agent, request, release, arrived } = await start()
    const answer = request('/slow')
    await arrived
    let stopped = false
    const stopping = shutDown(app, 0).then(() => {
      stopped = true
    })
    await once(app.server, 'close', { signal: AbortSignal.timeout(50) }).catch(() => {})
    assert.equal(stopped, false)
    release.resolve()
    assert.deepEqual(await answer, { status: 200, connection: 'close', body: { done: true } })
    await stopping
    agent.destroy()
  })

  it('answers connections waiting in the kernel’s queue', async () => {
    const { app, port } = await start()
    const answers = Array.from({ length: 5 }, () => {
      const socket = connect(port, '127.0.0.1')
      socket.write(REQUEST)
      return text(socket)
    })
    // The event loop accepts one per turn.
    await once(app.server, 'connection')
    await shutDown(app, 0)
    for (const answer of await Promise.all(answers)) {
      assert.match(answer, /^HTTP\/1\.1 200 OK\r\n/)
      assert.match(answer, /^connection: close\r$/im)
    }
  })

  it('tracks connections made to localhost, with the one server there is', async (t) => {
    haveTwoAddresses(t)
    const { app, address, port } = await start({ host: 'localhost' })
    assert.equal(app.addresses().length, 1)
    const late = connect(port, address)
    await once(app.server, 'connection')
    const stopped = shutDown(app, 0)
    while (app.server.listening) await setImmediate()
    late.write(REQUEST)
    assert.match(await text(late), /^HTTP\/1\.1 200 OK\r\n/)
    await stopped
  })

  it('does not wait for a TLS handshake that never completes', async () => {
    using folder = mkdtempDisposableSync(join(tmpdir(), 'drain-'))
    const tls = { certFile: join(folder.path, 'crt'), keyFile: join(folder.path, 'key') }
    const { cert, key } = selfSigned('one')
    writeFileSync(tls.certFile, cert)
    writeFileSync(tls.keyFile, key)
    const { app, port } = await start({ tls })
    const begun = connect(port, '127.0.0.1')
    begun.write(HANDSHAKE)
    const [accepted] = (await once(app.server, 'connection')) as [Socket]
    while (accepted.bytesRead === 0) await setImmediate()
    const startedAt = performance.now()
    await shutDown(app, 0)
    assert.ok(performance.now() - startedAt < 10_000)
    assert.equal(await text(begun), '')
  })

  it('does not wait for a silent connection', async () => {
    const { app, port, request, agent, release, arrived } = await start()
    const answer = request('/slow')
    await arrived
    const received = text(connect(port, '127.0.0.1'))
    await once(app.server, 'connection')
    const stopped = shutDown(app, 0)
    // The slow request keeps the server open, so the silent connection is not closed by its end.
    assert.equal(await received, '')
    release.resolve()
    assert.equal((await answer).status, 200)
    await stopped
    agent.destroy()
  })
})
