import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempDisposableSync, writeFileSync } from 'node:fs'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { connect as connectTls } from 'node:tls'
import { createLogger } from '../logging/index.ts'
import { createMetrics } from '../metrics/index.ts'
import { selfSigned } from '../testing/self-signed.ts'
import type { Application } from './application.ts'
import type { ConnectionLimits } from './connection-limits.ts'
import { createHttpServer } from './server.ts'
import type { TlsFiles } from './tls.ts'

/** More than the kernel buffers for a connection that is not read. */
const LARGE = Buffer.alloc(16 * 1024 ** 2, 'x')

/** Drops a slow reader at once. */
const IMPATIENT = { answerTimeoutMs: 200, answerBytesPerSecond: 1e9 }

interface Settings {
  readonly limits?: Partial<ConnectionLimits>
  readonly requestTimeoutMs?: number
  readonly tls?: TlsFiles | null
}

/** Waits for an event and fails rather than hang. */
const WITHIN = { timeout: 20_000 }

async function start({ limits = {}, requestTimeoutMs = 30_000, tls = null }: Settings = {}) {
  let handled = 0
  let underWay = 0
  let mostUnderWay = 0
  const gate = Promise.withResolvers<void>()
  const metrics = await createMetrics()
  const application: Application = {
    name: 'one',
    ready: async () => undefined,
    mount: async (scope) => {
      scope.get('/large', async () => {
        handled++
        return LARGE
      })
      scope.get('/larger', async () => Buffer.alloc(20 * 1024 ** 2, 'x'))
      scope.get('/small', async () => {
        handled++
        underWay++
        mostUnderWay = Math.max(mostUnderWay, underWay)
        await new Promise(setImmediate)
        underWay--
        return 'small'
      })
      scope.get('/held', async () => {
        handled++
        await gate.promise
        return 'held'
      })
      scope.post('/body', async () => 'taken')
    },
  }
  const app = await createHttpServer({
    applications: [application],
    logger: createLogger('silent', { write: () => {} }),
    tls,
    trustedProxies: [],
    requestTimeoutMs,
    connectionLimits: limits,
    metrics,
  })
  const sockets: Socket[] = []
  app.server.on('connection', (socket: Socket) => sockets.push(socket))
  await app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = app.server.address() as AddressInfo
  return {
    port,
    handled: () => handled,
    mostUnderWay: () => mostUnderWay,
    letGo: gate.resolve,
    bytesRead: () => sockets.reduce((sum, socket) => sum + socket.bytesRead, 0),
    connections: () =>
      new Promise<number>((resolve) =>
        app.server.getConnections((_error, count) => resolve(count)),
      ),
    /** Waits until a metric has this value. */
    async waitForMetric(line: string) {
      while (!(await metrics.page()).text.includes(`${line}\n`)) await new Promise(setImmediate)
    },
    async [Symbol.asyncDispose]() {
      gate.resolve()
      app.server.closeAllConnections()
      await app.close()
    },
  }
}

function open(port: number): Socket {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => {})
  return socket
}

/** Resolves once the connection is closed, even by a reset. */
function closed(socket: Socket): Promise<unknown> {
  return new Promise((resolve) => socket.resume().once('close', resolve))
}

const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`

/** Everything received until `count` answers arrived or the connection closed. */
async function read(socket: Socket, count: number): Promise<string> {
  let received = ''
  socket.setEncoding('latin1')
  for await (const text of socket) {
    received += text
    if (received.split('HTTP/1.1 ').length > count) break
  }
  return received
}

function writeTls(folder: string): TlsFiles {
  const files = { certFile: join(folder, 'crt'), keyFile: join(folder, 'key') }
  const { cert, key } = selfSigned('one')
  writeFileSync(files.certFile, cert)
  writeFileSync(files.keyFile, key)
  return files
}

/** Resolves once the server has `count` connections. */
async function settled(server: { connections(): Promise<number> }, count: number): Promise<void> {
  while ((await server.connections()) !== count) await new Promise(setImmediate)
}

describe('requests of one connection', () => {
  it('are answered one at a time, in order', WITHIN, async () => {
    await using server = await start()
    const socket = open(server.port)
    socket.write(get('/small').repeat(10) + get('/nothing'))
    const received = await read(socket, 11)
    assert.equal(received.split('HTTP/1.1 200').length - 1, 10)
    assert.ok(received.lastIndexOf('200') < received.lastIndexOf('HTTP/1.1 404'))
    assert.equal(server.mostUnderWay(), 1)
  })

  it('continue after a body that arrived together with the next request', WITHIN, async () => {
    await using server = await start()
    const socket = open(server.port)
    const post =
      'POST /body HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}'
    socket.write((post + get('/small')).repeat(5))
    assert.equal((await read(socket, 10)).split('HTTP/1.1 200').length - 1, 10)
  })

  it('are not handled faster than the peer reads', WITHIN, async () => {
    await using server = await start({ limits: IMPATIENT })
    const socket = open(server.port)
    socket.pause()
    socket.write(get('/large').repeat(10))
    await settled(server, 1)
    await settled(server, 0)
    assert.equal(server.handled(), 1)
    socket.destroy()
  })

  it('close the connection when too many wait', WITHIN, async () => {
    await using server = await start()
    const socket = open(server.port)
    socket.write(get('/held').repeat(1500))
    await closed(socket)
    assert.equal(server.handled(), 1)
    await server.waitForMetric('miot_http_connections_closed_total{reason="pipelined"} 1')
  })

  it('are read again once the waiting ones are answered', WITHIN, async () => {
    await using server = await start()
    const socket = open(server.port)
    socket.write(get('/held') + get('/small').repeat(3))
    while (server.handled() === 0) await new Promise(setImmediate)
    server.letGo()
    await smallAnswers(socket, 3)
    socket.write(get('/small').repeat(3))
    await smallAnswers(socket, 3)
    socket.destroy()
  })

  it('get no second answer after a refusal whose body never ends', WITHIN, async () => {
    await using server = await start({ requestTimeoutMs: 300 })
    const socket = open(server.port)
    socket.write(
      'POST /body HTTP/1.1\r\nHost: x\r\nContent-Type: a/b\r\nContent-Length: 900000\r\n\r\nx',
    )
    const received = await read(socket, 9)
    assert.match(received, /^HTTP\/1\.1 415 /)
    assert.doesNotMatch(received, /HTTP\/1\.1 408/)
  })

  it('do not start after an answer that ends the connection', WITHIN, async () => {
    await using server = await start()
    const socket = open(server.port)
    socket.write(`GET /small HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n${get('/small')}`)
    const received = await read(socket, 9)
    assert.match(received, /^HTTP\/1\.1 400 /)
    assert.equal(server.handled(), 0)
  })

  it('are dropped when the client disconnects', WITHIN, async () => {
    await using server = await start()
    const socket = open(server.port)
    socket.write(get('/small') + get('/held'))
    while (server.handled() < 2) await new Promise(setImmediate)
    socket.destroy()
    await settled(server, 0)
  })

  it('are not read after the connection has timed out', WITHIN, async () => {
    await using server = await start({ requestTimeoutMs: 300 })
    const socket = open(server.port)
    socket.write(`${get('/held')}GET /small HTTP/1.1\r\nX-Cut: `)
    // The second has timed out, and the connection ends after the first.
    await new Promise((resolve) => setTimeout(resolve, 600))
    socket.write(`\r\nHost: x\r\n\r\n${get('/small').repeat(100_000)}`)
    await new Promise((resolve) => setTimeout(resolve, 600))
    assert.ok(server.bytesRead() < 256 * 1024, `${server.bytesRead()} were read`)
    socket.destroy()
  })

  it('that arrive in many TLS records wait for an unread answer', WITHIN, async () => {
    using folder = mkdtempDisposableSync(join(tmpdir(), 'records-'))
    await using server = await start({ tls: writeTls(folder.path) })
    const options = { port: server.port, host: '127.0.0.1', rejectUnauthorized: false }
    const socket = connectTls(options)
    await once(socket, 'secureConnect')
    socket.pause()
    socket.write(get('/large'))
    while (server.handled() === 0) await new Promise(setImmediate)
    // A record holds 16 KiB.
    const padded = `GET /small HTTP/1.1\r\nHost: x\r\nX-Pad: ${'x'.repeat(9000)}\r\n\r\n`
    socket.write(padded.repeat(3))
    socket.resume()
    while (server.handled() < 4) await new Promise(setImmediate)
    socket.destroy()
  })

  it('that are not HTTP are answered after the previous answer', WITHIN, async () => {
    await using server = await start()
    const socket = open(server.port)
    socket.write(`${get('/held')}nonsense\r\n\r\n`)
    while (server.handled() === 0) await new Promise(setImmediate)
    server.letGo()
    const received = await read(socket, 9)
    assert.match(received, /^HTTP\/1\.1 200 /)
    assert.doesNotMatch(received, /HTTP\/1\.1 400/)
  })
})

/** Reads until that many answers arrived, and leaves the connection open. */
async function smallAnswers(socket: Socket, count: number): Promise<void> {
  let received = ''
  for (;;) {
    const [chunk] = (await once(socket, 'data')) as [Buffer]
    received += chunk.toString('latin1')
    if (received.split('small').length > count) return
  }
}

/** Reads that many bytes, and closes. */
async function receives(socket: Socket, count: number): Promise<void> {
  let bytes = 0
  for await (const chunk of socket) {
    bytes += (chunk as Buffer).length
    if (bytes >= count) return
  }
  assert.fail(`closed after ${bytes} bytes`)
}

describe('an answer', () => {
  it('that its peer does not read closes the connection', WITHIN, async () => {
    await using server = await start({ limits: IMPATIENT })
    const socket = open(server.port)
    socket.pause()
    socket.write(get('/large'))
    await settled(server, 1)
    await settled(server, 0)
    await server.waitForMetric('miot_http_connections_closed_total{reason="unread"} 1')
  })

  it('that its peer does not read closes a TLS connection too', WITHIN, async () => {
    using folder = mkdtempDisposableSync(join(tmpdir(), 'unread-'))
    const tls = writeTls(folder.path)
    await using server = await start({ limits: IMPATIENT, tls })
    const options = { port: server.port, host: '127.0.0.1', rejectUnauthorized: false }
    const socket = connectTls(options)
    socket.on('error', () => {})
    await once(socket, 'secureConnect')
    socket.pause()
    socket.write(get('/large'))
    await settled(server, 0)
    await server.waitForMetric('miot_http_connections_closed_total{reason="unread"} 1')
  })

  it('that is unread and the last of its connection closes it as well', WITHIN, async () => {
    await using server = await start({ limits: IMPATIENT })
    const socket = open(server.port)
    socket.pause()
    socket.write('GET /large HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
    await settled(server, 1)
    await settled(server, 0)
  })

  it('that is read slowly but steadily arrives complete', WITHIN, async () => {
    await using server = await start({
      limits: { answerTimeoutMs: 100, answerBytesPerSecond: 1e6 },
    })
    const socket = open(server.port)
    socket.write(get('/large'))
    await receives(socket, LARGE.length)
  })

  it('is dropped when unread answers exceed their total limit', WITHIN, async () => {
    await using server = await start({ limits: { unsentBytes: 40 * 1024 ** 2 } })
    const sockets = Array.from({ length: 6 }, () => open(server.port))
    for (const socket of sockets) {
      socket.pause()
      socket.write(get('/large'))
    }
    await settled(server, 2)
    await server.waitForMetric('miot_http_connections_closed_total{reason="memory"} 4')
    for (const socket of sockets) socket.destroy()
  })

  it('without progress for longest is dropped first, whatever its length', WITHIN, async () => {
    await using server = await start({ limits: { unsentBytes: 24 * 1024 ** 2 } })
    const stuck = open(server.port)
    stuck.pause()
    stuck.write(get('/larger'))
    // Long enough for the lack of progress to be noticed before the other begins.
    await new Promise((resolve) => setTimeout(resolve, 1500))
    const younger = open(server.port)
    younger.pause()
    younger.write(get('/large'))
    await server.waitForMetric('miot_http_connections_closed_total{reason="memory"} 1')
    await receives(younger, LARGE.length)
    stuck.destroy()
  })
})

describe('a TLS connection without a handshake', () => {
  it('is closed after the timeout, whatever its peer does', WITHIN, async () => {
    using folder = mkdtempDisposableSync(join(tmpdir(), 'handshake-'))
    const tls = writeTls(folder.path)
    await using server = await start({ requestTimeoutMs: 300, tls })
    const silent = open(server.port)
    const half = open(server.port)
    half.write(Buffer.from([22, 3, 1, 2, 0]))
    const leaving = open(server.port)
    leaving.end()
    const nonsense = open(server.port)
    nonsense.write('GET / HTTP/1.1\r\n\r\n')
    const sockets = [silent, half, leaving, nonsense]
    // The peer never closes by itself, and does not answer our FIN either.
    for (const socket of sockets) socket.pause()
    await once(nonsense, 'connect')
    await settled(server, 0)
    for (const socket of sockets) socket.destroy()
  })
})

describe('connections', () => {
  it('above the limit replace the one idle for longest', WITHIN, async () => {
    await using server = await start({ limits: { max: 3 } })
    const first = open(server.port)
    await settled(server, 1)
    const others = [open(server.port), open(server.port)]
    await settled(server, 3)
    const last = open(server.port)
    await closed(first)
    last.write(get('/small'))
    assert.match(await read(last, 1), /^HTTP\/1\.1 200 /)
    for (const socket of others) socket.destroy()
  })

  it('never replace one with a request in progress', WITHIN, async () => {
    await using server = await start({ limits: { max: 2 } })
    const busy = [open(server.port), open(server.port)]
    for (const socket of busy) socket.write(get('/held'))
    while (server.handled() < 2) await new Promise(setImmediate)
    const refused = open(server.port)
    await closed(refused)
    server.letGo()
    for (const socket of busy) assert.match(await read(socket, 1), /^HTTP\/1\.1 200 /)
    await server.waitForMetric('miot_http_connections_closed_total{reason="total"} 1')
  })

  it('replace one that does not read its answer', WITHIN, async () => {
    await using server = await start({ limits: { max: 2 } })
    const unread = [open(server.port), open(server.port)]
    for (const socket of unread) {
      socket.pause()
      socket.write(get('/large'))
    }
    while (server.handled() < 2) await new Promise(setImmediate)
    const next = open(server.port)
    next.write(get('/small'))
    assert.match(await read(next, 1), /^HTTP\/1\.1 200 /)
    for (const socket of unread) socket.destroy()
  })

  it('replace one whose request never completes', WITHIN, async () => {
    await using server = await start({ limits: { max: 1 } })
    const slow = open(server.port)
    slow.write('POST /body HTTP/1.1\r\nHost: x\r\nContent-Type: a/b\r\nContent-Length: 9\r\n\r\n')
    await settled(server, 1)
    const next = open(server.port)
    await closed(slow)
    next.write(get('/small'))
    assert.match(await read(next, 1), /^HTTP\/1\.1 200 /)
  })

  it('from one address have a limit of their own', WITHIN, async () => {
    await using server = await start({ limits: { max: 100, maxPerAddress: 2 } })
    const busy = [open(server.port), open(server.port)]
    for (const socket of busy) socket.write(get('/held'))
    while (server.handled() < 2) await new Promise(setImmediate)
    const refused = open(server.port)
    await closed(refused)
    await server.waitForMetric('miot_http_connections_closed_total{reason="address"} 1')
    const elsewhere = connect({ port: server.port, host: '127.0.0.1', localAddress: '127.0.0.2' })
    elsewhere.write(get('/small'))
    assert.match(await read(elsewhere, 1), /^HTTP\/1\.1 200 /)
  })

  it('are counted as they open and close', WITHIN, async () => {
    await using server = await start()
    const sockets = [open(server.port), open(server.port)]
    await settled(server, 2)
    await server.waitForMetric('miot_http_connections 2')
    for (const socket of sockets) socket.destroy()
    await settled(server, 0)
    await server.waitForMetric('miot_http_connections 0')
  })
})
