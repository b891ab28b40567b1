import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempDisposableSync, writeFileSync } from 'node:fs'
import { type AddressInfo, connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { describe, it } from 'node:test'
import { connect as connectTls } from 'node:tls'
import { createLogger } from '../logging/index.ts'
import { selfSigned } from '../testing/self-signed.ts'
import { beginDrain, shutDown } from './drain.ts'
import { serveHanded } from './handed-connections.ts'
import { createHttpServer } from './server.ts'
import type { TlsFiles } from './tls.ts'

/** A server that gets its connections from another one, which could be another process. */
async function start(tls: TlsFiles | null = null, requestTimeoutMs = 30_000) {
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
    ...{ tls, requestTimeoutMs, trustedProxies: [] },
  })
  const take = await serveHanded(app)
  const acceptor = createServer(take)
  acceptor.listen(0, '127.0.0.1')
  await once(acceptor, 'listening')
  const { port } = acceptor.address() as AddressInfo
  return { app, acceptor, port, release, arrived: arrived.promise }
}

const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`

describe('a server that is handed its connections', { timeout: 20_000 }, () => {
  it('answers them, also a client that has sent all it will', async () => {
    const { app, acceptor, port } = await start()
    const client = connect(port, '127.0.0.1').end(get('/livez'))
    assert.match(await text(client), /^HTTP\/1\.1 200 OK\r\n/)
    acceptor.close()
    await shutDown(app, 0)
  })

  it('answers them over TLS', async () => {
    using folder = mkdtempDisposableSync(join(tmpdir(), 'miot-'))
    const files = { certFile: join(folder.path, 'c'), keyFile: join(folder.path, 'k') }
    const { cert, key } = selfSigned('handed')
    writeFileSync(files.certFile, cert)
    writeFileSync(files.keyFile, key)
    const { app, acceptor, port } = await start(files)
    const client = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false })
    client.write(get('/livez'))
    const [answer] = (await once(client, 'data')) as [Buffer]
    assert.match(String(answer), /^HTTP\/1\.1 200 OK\r\n/)
    acceptor.close()
    await shutDown(app, 0)
  })

  it('cuts off slow senders, as one that listens', async () => {
    const { app, acceptor, port } = await start(null, 300)
    const client = connect(port, '127.0.0.1')
    client.write('GET /livez HTTP/1.1\r\n')
    assert.match(await text(client), /^HTTP\/1\.1 408 /)
    acceptor.close()
    await shutDown(app, 0)
  })

  it('stays ready for balancers while another process takes over', async () => {
    const { app, acceptor, port } = await start()
    beginDrain(app, 'leaving')
    const client = connect(port, '127.0.0.1')
    client.write(get('/readyz'))
    const answer = await text(client)
    assert.match(answer, /^HTTP\/1\.1 200 OK\r\n/)
    assert.match(answer, /^connection: close\r$/im)
    acceptor.close()
    await shutDown(app, 0)
  })

  it('ends once idle connections are closed and requests in progress are answered', async () => {
    const { app, acceptor, port, release, arrived } = await start()
    const idle = connect(port, '127.0.0.1')
    idle.write(get('/livez'))
    await once(idle, 'data')
    const slow = connect(port, '127.0.0.1')
    slow.write(get('/slow'))
    await arrived
    acceptor.close()
    const stopped = shutDown(app, 0)
    assert.equal(await text(idle), '')
    assert.equal(await Promise.race([stopped, 'not yet']), 'not yet')
    release.resolve()
    const answer = await text(slow)
    assert.match(answer, /^HTTP\/1\.1 200 OK\r\n/)
    assert.match(answer, /^connection: close\r$/im)
    await stopped
  })
})
